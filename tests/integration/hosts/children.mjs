// children.mjs HOST.mjs PLUGIN.so CONFIG: runs steps and children of the process's own at once, each with an exit code of its
// own, and sees that nobody takes another's.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { pathToFileURL } from 'node:url';

const [host, plugin, config] = process.argv.slice(2);
const { run } = await import(pathToFileURL(host).href);

const codes = Array.from({ length: 20 }, (_, i) => i);
const requests = codes.map((code) => JSON.stringify({ step_run_id: `s${code}`, command: ['sh', '-c', `exit ${code}`] }));
const details = new Map();
const print = (id, state, detail) => details.set(id, `${state} ${detail}`);
const steps = run(plugin, 'local', config, requests, print);

const children = Array.from({ length: 100 }, async (_, code) => {
  const [status] = await once(spawn('sh', ['-c', `exit ${code}`]), 'exit');
  if (status !== code) throw new Error(`a child that ended with ${code} is told to have ended with ${status}`);
});
await Promise.all([steps, ...children]);
for (const code of codes) {
  const expected = code === 0 ? /^succeeded / : new RegExp(`^failed .*"exit_code":${code}[,}]`);
  if (!expected.test(details.get(`s${code}`))) throw new Error(`the step s${code} ended as ${details.get(`s${code}`)}`);
}
console.log('20 steps and 100 children ended as they should');
