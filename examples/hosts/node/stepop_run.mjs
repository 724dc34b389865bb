// stepop_run.mjs PLUGIN.so FLAVOR CONFIG REQUEST...: a whole host in Node. Runs all steps at once, and prints their states,
// logs and results. All three are JSON. Exit status: 0 all succeeded, 1 one did not, 2 they could not be run.
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import koffi from 'koffi';

// ---- stepop.h ----------------------------------------------------------------------------------

const ABI_VERSION = 1; // 0.1
const STATES = ['none', 'accepted', 'pending', 'running', 'succeeded', 'failed', 'cancelled', 'lost'];
const [STATE, LOG_READY, WARNING, FORGOTTEN] = [1, 2, 3, 6];
const SUCCEEDED = 4;
const [LOG_DATA, , LOG_END] = [1, 2, 3];

const Plugin = koffi.struct({ head: 'uint32_t [2]', name: 'str', version: 'str', functions: koffi.array('void *', 18) });
const Failure = koffi.struct({ head: 'uint32_t [4]', message: 'str', message_size: 'size_t', findings: 'str' });
const Event = koffi.struct({
  struct_size: 'uint32_t', kind: 'uint32_t', state: 'uint32_t', terminal: 'uint32_t', attempt: 'uint32_t',
  reserved: 'uint32_t', sequence: 'uint64_t', time_us: 'int64_t', ticket: 'uint64_t',
  step_run_id: 'str', step_run_id_size: 'size_t', detail: 'str',
});
const Record = koffi.struct({
  struct_size: 'uint32_t', kind: 'uint32_t', flags: 'uint32_t', attempt: 'uint32_t', index: 'uint32_t',
  reserved: 'uint32_t', time_us: 'int64_t', data: 'void *', size: 'size_t',
});
const Batch = koffi.struct({ head: 'uint32_t [2]', count: 'uint32_t', stride: 'uint32_t', items: 'void *' });

// The functions that this host calls, by their place in the struct.
const FUNCTIONS = {
  1: 'int open(str flavor, str config, _Out_ void **op, _Out_ void **error)',
  2: 'int shutdown(void *op, int64_t timeout_ms, _Out_ void **error)',
  3: 'void destroy(void *op)',
  5: 'int submit(void *op, str request, uint32_t if_absent, _Out_ void **error)',
  8: 'int next_events(void *op, uint32_t max, int64_t timeout_ms, _Out_ void **batch, _Out_ void **error)',
  12: 'int logs_open(void *op, str id, str options, _Out_ void **logs, _Out_ uint64_t *ticket, _Out_ void **error)',
  13: 'int logs_read(void *logs, uint32_t max, _Out_ void **batch, _Out_ void **error)',
  14: 'void logs_close(void *logs)',
  15: 'int forget(void *op, str id, str options, _Out_ void **error)',
  16: 'void release(void *object)',
};

function load(file) {
  const entry = koffi.load(file).func('void *stepop_plugin_entry(uint32_t host_abi_version)');
  const table = entry(ABI_VERSION);
  if (!table) throw new Error(`${file} does not work with ABI 0.1`);
  const { functions } = koffi.decode(table, Plugin);
  const plugin = {};
  for (const [slot, declaration] of Object.entries(FUNCTIONS)) {
    const proto = koffi.proto(declaration.replace(' ', ` stepop_${slot}_`));
    plugin[declaration.match(/ (\w+)\(/)[1]] = koffi.decode(functions[slot], proto);
  }
  return plugin;
}

// ---- The host ----------------------------------------------------------------------------------

// The operator's steps, until all are acknowledged; returns their last states by id.
export async function run(file, flavor, config, requests, print = console.log) {
  const plugin = load(file);
  const need = (code, error) => {
    if (code === 0) return;
    const said = error[0] && koffi.decode(error[0], Failure);
    if (said) plugin.release(error[0]);
    throw new Error(said ? `${said.message} ${said.findings}` : `code ${code}`);
  };
  // What a function hands out, as copies; then it is given back.
  const taken = (batch, type) => {
    const { count, stride, items } = koffi.decode(batch, Batch);
    const all = Array.from({ length: count }, (_, i) => koffi.decode(items, i * stride, type));
    // A line is bytes of a size, which may hold anything.
    const line = ({ data, size }) => Buffer.from(koffi.decode(data, koffi.array('uint8_t', Number(size)))).toString();
    if (type === Record) for (const record of all) record.text = record.size ? line(record) : '';
    plugin.release(batch);
    return all;
  };

  const [op, error] = [[null], [null]];
  need(plugin.open(flavor, config, op, error), error);
  for (const request of requests) need(plugin.submit(op[0], request, 0, error), error);
  const steps = new Map();
  // libuv polls no descriptor that is not its own, so a thread of its pool waits in next_events.
  const nextEvents = promisify(plugin.next_events.async);
  for (let running = requests.length; running > 0; ) {
    const batch = [null];
    need(await nextEvents(op[0], 64, -1, batch, error), error);
    for (const event of taken(batch[0], Event)) {
      const id = event.step_run_id;
      if (!steps.has(id)) steps.set(id, { logs: null, state: 0, logEnded: false, acknowledged: false });
      const step = steps.get(id);
      if (event.kind === STATE) {
        step.state = event.state;
        print(id, STATES[event.state], event.detail);
        if (!step.logs) {
          const logs = [null];
          need(plugin.logs_open(op[0], id, null, logs, [0], error), error);
          step.logs = logs[0];
        }
      } else if (event.kind === LOG_READY) {
        const lines = [null];
        while (plugin.logs_read(step.logs, 256, lines, error) === 0) {
          for (const record of taken(lines[0], Record)) {
            if (record.kind === LOG_DATA) print(id, 'log:', record.text);
            step.logEnded = record.kind === LOG_END;
          }
        }
      } else if (event.kind === WARNING) {
        console.error('warning:', event.detail);
      } else if (event.kind === FORGOTTEN) {
        plugin.logs_close(step.logs);
        running -= 1;
      }
      if (step.state >= SUCCEEDED && step.logEnded && !step.acknowledged) {
        step.acknowledged = true; // all is printed: what ran it may go
        need(plugin.forget(op[0], id, null, error), error);
      }
    }
  }
  plugin.destroy(op[0]);
  return new Map([...steps].map(([id, step]) => [id, step.state]));
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  const [file, flavor, config, ...requests] = process.argv.slice(2);
  try {
    if (requests.length === 0) throw new Error('usage: stepop_run.mjs PLUGIN.so FLAVOR CONFIG REQUEST...');
    const states = await run(file, flavor, config, requests);
    process.exitCode = [...states.values()].every((state) => state === SUCCEEDED) ? 0 : 1;
  } catch (error) {
    console.error(`error: ${file ?? ''}: ${error.message}`);
    process.exitCode = 2;
  }
}
