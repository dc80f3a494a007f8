/** Version of this package, as the ledger records it. A test keeps it equal to package.json. */
export const toolVersion = '0.1.0'
