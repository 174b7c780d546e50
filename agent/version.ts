/** The agent's version, as the cloud is told; a test holds it against package.json. */
export const AGENT_VERSION = '0.1.0';
