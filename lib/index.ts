export { type ErrorCode, errorCodes } from './errors/error-codes.js'
export { SchemawayError } from './errors/schemaway-error.js'
