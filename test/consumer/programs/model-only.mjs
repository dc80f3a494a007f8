// Uses nothing but the TypeScript face of the model.
import { withOrganisation } from 'schemaway/model'

if (typeof withOrganisation !== 'function') throw new Error('withOrganisation is missing')
