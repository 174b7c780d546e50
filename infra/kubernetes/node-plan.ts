/** What runs in a test cluster's node, with which arguments. Pure. */

export interface NodePlace {
  /** Folder outside the node's own file systems: certificates, tokens, logs, images. */
  readonly folder: string;
  readonly node: string;
  readonly dns: string;
  /** Address of the node, which only this machine reaches. */
  readonly address: string;
  readonly podCidr: string;
  readonly serviceCidr: string;
  /** Secrets of the cluster's own parts and of its administrator. */
  readonly tokens: { readonly admin: string; readonly controllers: string; readonly scheduler: string; readonly kubelet: string; readonly proxy: string };
}

export const NODE_NAME = 'sidelight-test';
export const API_PORT = 6443;
export const PAUSE_IMAGE = 'sidelight.test/pause:1';
export const CONTAINERD_SOCKET = '/run/containerd/containerd.sock';
const CONFIG = '/run/sidelight-node';

/** What the node's first process carries out; `node/supervise.go` reads it. */
export interface NodePlan {
  readonly logs: string;
  readonly tmpfs: readonly string[];
  readonly files: Readonly<Record<string, string>>;
  readonly binds: readonly { readonly source: string; readonly target: string }[];
  readonly children: readonly { readonly name: string; readonly arguments: readonly string[] }[];
}

/** The kubelet wants to set these; here it finds them set, and the machine's own stay as they are. */
const SYSCTLS: Readonly<Record<string, string>> = { 'vm/overcommit_memory': '1', 'kernel/panic': '10', 'kernel/panic_on_oops': '1' };

export function nodePlan(place: NodePlace): NodePlan {
  const sysctls = Object.entries(SYSCTLS).map(([path, value]) => ({ source: `${CONFIG}/sysctl/${path.replace('/', '.')}`, target: `/proc/sys/${path}`, value }));
  return {
    logs: `${place.folder}/logs`,
    // All that the node writes is gone with it.
    tmpfs: ['/run', '/var/lib', '/var/log'],
    files: { ...configFiles(place), ...Object.fromEntries(sysctls.map(({ source, value }) => [source, value])) },
    binds: sysctls.map(({ source, target }) => ({ source, target })),
    children: [...controlPlane(place), ...nodeParts(place)],
  };
}

/** Users by token: the cluster's parts speak to the API server as who they are. */
export function tokenFile({ tokens }: NodePlace): string {
  const { admin, controllers, scheduler, kubelet, proxy } = tokens;
  return [
    `${admin},admin,admin,"system:masters"`,
    `${controllers},system:kube-controller-manager,controllers`,
    `${scheduler},system:kube-scheduler,scheduler`,
    `${kubelet},system:node:${NODE_NAME},kubelet,"system:nodes"`,
    `${proxy},system:kube-proxy,proxy`,
  ].map((line) => `${line}\n`).join('');
}

/** kubectl's configuration for one of the users; JSON is YAML. */
export function kubeconfig(server: string, caPem: string, token: string): string {
  return JSON.stringify({
    apiVersion: 'v1', kind: 'Config', 'current-context': 'test',
    clusters: [{ name: 'test', cluster: { server, 'certificate-authority-data': Buffer.from(caPem).toString('base64') } }],
    users: [{ name: 'test', user: { token } }],
    contexts: [{ name: 'test', context: { cluster: 'test', user: 'test' } }],
  }, null, 2);
}

function controlPlane({ folder, node, address, serviceCidr, podCidr }: NodePlace): NodePlan['children'] {
  const pki = `${folder}/pki`;
  return [
    { name: 'etcd', arguments: [node, 'etcd', '--data-dir=/var/lib/etcd', '--unsafe-no-fsync', '--listen-client-urls=http://127.0.0.1:2379', '--advertise-client-urls=http://127.0.0.1:2379', '--listen-peer-urls=http://127.0.0.1:2380', '--initial-advertise-peer-urls=http://127.0.0.1:2380', '--initial-cluster=default=http://127.0.0.1:2380'] },
    { name: 'kube-apiserver', arguments: [node, 'kube-apiserver', '--etcd-servers=http://127.0.0.1:2379', `--advertise-address=${address}`, `--secure-port=${API_PORT}`, `--tls-cert-file=${pki}/apiserver.crt`, `--tls-private-key-file=${pki}/apiserver.key`, `--client-ca-file=${pki}/ca.crt`, `--token-auth-file=${folder}/tokens.csv`, '--authorization-mode=Node,RBAC', '--enable-admission-plugins=NodeRestriction', '--service-account-issuer=https://kubernetes.default.svc.cluster.local', `--service-account-key-file=${pki}/service-account.key`, `--service-account-signing-key-file=${pki}/service-account.key`, `--service-cluster-ip-range=${serviceCidr}`, '--allow-privileged=true', '--kubelet-preferred-address-types=InternalIP', '--profiling=false'] },
    { name: 'kube-controller-manager', arguments: [node, 'kube-controller-manager', `--kubeconfig=${CONFIG}/controllers.json`, `--root-ca-file=${pki}/ca.crt`, `--service-account-private-key-file=${pki}/service-account.key`, `--cluster-signing-cert-file=${pki}/ca.crt`, `--cluster-signing-key-file=${pki}/ca.key`, '--use-service-account-credentials=true', `--cluster-cidr=${podCidr}`, '--leader-elect=false', '--kube-api-qps=300', '--kube-api-burst=600', '--profiling=false'] },
    { name: 'kube-scheduler', arguments: [node, 'kube-scheduler', `--kubeconfig=${CONFIG}/scheduler.json`, '--leader-elect=false', '--kube-api-qps=300', '--kube-api-burst=600', '--profiling=false'] },
  ];
}

function nodeParts({ node, dns, address }: NodePlace): NodePlan['children'] {
  return [
    { name: 'containerd', arguments: ['containerd', '--config', `${CONFIG}/containerd.toml`] },
    { name: 'kubelet', arguments: [node, 'kubelet', `--kubeconfig=${CONFIG}/kubelet.json`, `--config=${CONFIG}/kubelet-config.json`, `--hostname-override=${NODE_NAME}`, `--node-ip=${address}`] },
    { name: 'kube-proxy', arguments: [node, 'kube-proxy', `--config=${CONFIG}/kube-proxy.json`] },
    { name: 'dns', arguments: [dns, '-conf', `${CONFIG}/Corefile`, '-p', '53'] },
  ];
}

function configFiles(place: NodePlace): Record<string, string> {
  const { tokens, folder, podCidr } = place;
  // Read by the node's own programs from within; the CA goes by path since it is made before the plan.
  const config = (token: string): string => JSON.stringify({
    apiVersion: 'v1', kind: 'Config', 'current-context': 'node',
    clusters: [{ name: 'node', cluster: { server: `https://127.0.0.1:${API_PORT}`, 'certificate-authority': `${folder}/pki/ca.crt` } }],
    users: [{ name: 'node', user: { token } }], contexts: [{ name: 'node', context: { cluster: 'node', user: 'node' } }],
  });
  return {
    [`${CONFIG}/controllers.json`]: config(tokens.controllers),
    [`${CONFIG}/scheduler.json`]: config(tokens.scheduler),
    [`${CONFIG}/kubelet.json`]: config(tokens.kubelet),
    [`${CONFIG}/proxy.json`]: config(tokens.proxy),
    [`${CONFIG}/kubelet-config.json`]: JSON.stringify(kubeletConfig(place)),
    [`${CONFIG}/kube-proxy.json`]: JSON.stringify(kubeProxyConfig(place)),
    [`${CONFIG}/containerd.toml`]: CONTAINERD,
    [`${CONFIG}/Corefile`]: corefile(),
    [`${CONFIG}/cni/10-bridge.conflist`]: JSON.stringify({
      cniVersion: '1.0.0', name: 'pods',
      plugins: [
        { type: 'bridge', bridge: 'cni0', isGateway: true, ipMasq: false, hairpinMode: true, ipam: { type: 'host-local', ranges: [[{ subnet: podCidr }]], routes: [{ dst: '0.0.0.0/0' }], dataDir: '/run/cni-ipam' } },
        { type: 'portmap', capabilities: { portMappings: true } },
      ],
    }),
    [`${CONFIG}/resolv.conf`]: '',
  };
}

/** This kind of machine has only cgroup v1's controllers, and gives nobody the right to raise limits. */
function kubeletConfig({ address }: NodePlace): object {
  return {
    apiVersion: 'kubelet.config.k8s.io/v1beta1', kind: 'KubeletConfiguration',
    containerRuntimeEndpoint: `unix://${CONTAINERD_SOCKET}`, cgroupDriver: 'cgroupfs', cgroupRoot: '/', cgroupsPerQOS: true, enforceNodeAllocatable: [], failCgroupV1: false,
    failSwapOn: false, oomScoreAdj: 0, maxOpenFiles: 20_000, protectKernelDefaults: false, makeIPTablesUtilChains: true,
    // Only this machine reaches the node's namespace.
    authentication: { anonymous: { enabled: true }, webhook: { enabled: false } }, authorization: { mode: 'AlwaysAllow' },
    clusterDNS: [address], clusterDomain: 'cluster.local', resolvConf: `${CONFIG}/resolv.conf`,
    kubeAPIQPS: 200, kubeAPIBurst: 400, eventRecordQPS: 0, serializeImagePulls: false, registryPullQPS: 0, maxPods: 1_100,
    syncFrequency: '10s', nodeStatusUpdateFrequency: '5s', imageGCHighThresholdPercent: 100, evictionHard: { 'memory.available': '50Mi' }, localStorageCapacityIsolation: false,
  };
}

function kubeProxyConfig({ podCidr }: NodePlace): object {
  return {
    apiVersion: 'kubeproxy.config.k8s.io/v1alpha1', kind: 'KubeProxyConfiguration', mode: 'iptables', hostnameOverride: NODE_NAME, clusterCIDR: podCidr, oomScoreAdj: 0,
    clientConnection: { kubeconfig: `${CONFIG}/proxy.json`, qps: 200, burst: 400 },
    // The machine's own limits stay.
    conntrack: { maxPerCore: 0, min: 0, tcpEstablishedTimeout: '0s', tcpCloseWaitTimeout: '0s' },
    iptables: { minSyncPeriod: '100ms', syncPeriod: '30s' },
  };
}

const CONTAINERD = `version = 2
root = "/var/lib/containerd"
state = "/run/containerd"
oom_score = 0
disabled_plugins = ["io.containerd.snapshotter.v1.btrfs", "io.containerd.snapshotter.v1.zfs", "io.containerd.snapshotter.v1.aufs", "io.containerd.snapshotter.v1.devmapper"]
[grpc]
  address = "${CONTAINERD_SOCKET}"
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "${PAUSE_IMAGE}"
  restrict_oom_score_adj = true
  disable_hugetlb_controller = true
  disable_apparmor = true
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "/usr/lib/cni"
    conf_dir = "${CONFIG}/cni"
`;

/** Pods have no way out: any other name is answered "no such name" at once. */
function corefile(): string {
  return `cluster.local:53 {
  errors
  ready 127.0.0.1:8181
  kubernetes cluster.local {
    kubeconfig ${CONFIG}/controllers.json
    pods insecure
    ttl 1
  }
}
.:53 {
  errors
}
`;
}
