/** The commands of the host platform as people paste them, all from one folder of a checkout. Pure. */

const TOKEN_FILE = './token';
const MESH_FILE = 'mesh.yaml';
const STATE = './sidelight';
/** Where the example's control plane listens, and the proxies dial. */
const CONTROL = '127.0.0.1:8086';
/** Where callers outside the mesh reach the example's first service. */
const PLAIN = '127.0.0.1:8000';

/** Writes the token to a file of mode 0600; without a token, a place to put it. */
export function tokenCommand(token: string | null): string {
  return `(umask 077; printf %s '${token ?? 'PASTE-THE-TOKEN'}' > ${TOKEN_FILE})`;
}

/** A whole mesh of two services: web, which callers reach from outside and whose app listens on 8080, calls cart. */
export function meshExample(): string {
  return `cat > ${MESH_FILE} <<'END'
apiVersion: sidelight.dev/v1
kind: Mesh
control: { listen: ${CONTROL} }
services:
  - { name: web, namespace: shop, ports: [{ port: 80 }] }
  - { name: cart, namespace: shop, ports: [{ port: 80 }] }
workloads:
  - name: web
    namespace: shop
    instances:
      - name: web-1
        mesh: 127.0.0.1:4143
        # your app listens on target; callers outside the mesh use plain
        ports: [{ service: web, port: 80, target: 127.0.0.1:8080, plain: ${PLAIN} }]
        # your app calls cart at this address of its own proxy
        upstreams: [{ service: shop/cart, port: 80, listen: 127.0.0.1:9001 }]
  - name: cart
    namespace: shop
    instances:
      - name: cart-1
        mesh: 127.0.0.1:4144
        ports: [{ service: cart, port: 80, target: 127.0.0.1:8081 }]
END`;
}

/** `origin` is the address of this console's API. */
export function agentCommand(origin: string): string {
  return `npx node agent/main.ts host --mesh ${MESH_FILE} --state ${STATE} \\
  --cloud ${origin} --token-file ${TOKEN_FILE}`;
}

/** Starts a proxy beside each of the example's services. */
export function proxyCommand(): string {
  return `admin=4191
for name in web cart; do
  SIDELIGHT_PROXY_CONTROL=${CONTROL} \\
  SIDELIGHT_PROXY_TRUST_BUNDLE_FILE=${STATE}/trust-bundle.pem \\
  SIDELIGHT_PROXY_TOKEN_FILE=${STATE}/tokens/shop.$name \\
  SIDELIGHT_PROXY_STATE_DIR=${STATE}/proxies/shop.$name \\
  SIDELIGHT_PROXY_WORKLOAD=shop/host/$name SIDELIGHT_PROXY_INSTANCE=$name-1 \\
  SIDELIGHT_PROXY_ADMIN=127.0.0.1:$admin npx bun proxy/main.ts &
  admin=$((admin + 1))
done`;
}

/** A first request from outside the mesh. */
export function requestCommand(): string {
  return `curl -sS http://${PLAIN}/`;
}
