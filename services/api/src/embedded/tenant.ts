/** The one tenant of the embedded platform. */
export const embeddedTenant = "demo";
