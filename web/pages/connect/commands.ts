/** The commands of the host platform as people paste them. Pure. */

const TOKEN_FILE = './token';

/** Writes the token to a file of mode 0600; without a token, a place to put it. */
export function tokenCommand(token: string | null): string {
  return `(umask 077; printf %s '${token ?? 'PASTE-THE-TOKEN'}' > ${TOKEN_FILE})`;
}

export function agentCommand(origin: string): string {
  return `npx node agent/main.ts host --mesh mesh.yaml --state ./sidelight \\\n  --cloud ${origin} --token-file ${TOKEN_FILE}`;
}

export function proxyCommand(): string {
  return 'npx bun proxy/main.ts --help';
}

export function meshExample(): string {
  return 'trustDomain: example.internal';
}
