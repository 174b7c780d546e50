import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { agentCommand, meshExample, proxyCommand, requestCommand, tokenCommand } from './commands.ts';

interface Mesh {
  control: { listen: string };
  services: { name: string; namespace: string }[];
  workloads: { name: string; namespace: string; instances: { name: string; ports: { plain?: string }[] }[] }[];
}

function meshOf(command: string): Mesh {
  const [, yaml = ''] = /^cat > mesh\.yaml <<'END'\n([^]*)\nEND$/.exec(command) ?? [];
  return parse(yaml) as Mesh;
}

test('the mesh file is YAML in which each service has a workload', () => {
  const { services, workloads } = meshOf(meshExample());
  expect(workloads.map(({ namespace, name }) => `${namespace}/${name}`)).toEqual(services.map(({ namespace, name }) => `${namespace}/${name}`));
});

test('proxies are started for the workloads of the mesh file, at its control plane, and the request goes to its plain listener', () => {
  const { control, workloads } = meshOf(meshExample());
  expect(proxyCommand()).toContain(`SIDELIGHT_PROXY_CONTROL=${control.listen}`);
  expect(proxyCommand()).toContain(`for name in ${workloads.map(({ name }) => name).join(' ')};`);
  expect(workloads.every(({ name, instances }) => instances[0]?.name === `${name}-1`)).toBe(true);
  expect(requestCommand()).toContain(workloads[0]?.instances[0]?.ports[0]?.plain);
});

test('token and agent commands name the same file, and only this address', () => {
  expect(tokenCommand('sla_x')).toBe("(umask 077; printf %s 'sla_x' > ./token)");
  expect(agentCommand('https://sidelight.example')).toContain('--cloud https://sidelight.example --token-file ./token');
});
