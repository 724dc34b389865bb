//! stepop_run PLUGIN.so FLAVOR CONFIG REQUEST...: a whole host in Rust. Runs all steps at once, and prints their states,
//! logs and results. All three are JSON. Exit status: 0 all succeeded, 1 one did not, 2 they could not be run.
use std::collections::HashMap;
use std::ffi::{c_char, c_int, c_short, c_ulong, c_void, CStr, CString};
use std::fmt::Display;
use std::ptr::{null, null_mut};

const ABI_VERSION: u32 = 1; // 0.1
const STATES: [&str; 8] = ["none", "accepted", "pending", "running", "succeeded", "failed", "cancelled", "lost"];
const SUCCEEDED: u32 = 4;

type Text = *const c_char;
type Op = usize; // a stepop_operator, or a stepop_logs: an address that nobody looks behind
type Errors = *mut *mut Failure;
type Unused = *const c_void; // a function that this host does not call

#[repr(C)] // (struct_size, object_kind, code, reserved), message, message_size, findings
struct Failure([u32; 4], Text, usize, Text);
#[repr(C)] // (struct_size, kind, state, terminal, attempt, reserved), (sequence, time_us, ticket), step_run_id, size, detail
struct Event([u32; 6], [u64; 3], Text, usize, Text);
#[repr(C)] // (struct_size, kind, flags, attempt, index, reserved), time_us, data, size
struct Record([u32; 6], i64, *const u8, usize);
#[repr(C)] // (struct_size, object_kind, count, stride), items
struct Batch<Item>([u32; 4], *const Item);
impl<Item> Batch<Item> {
    unsafe fn items(&self) -> impl Iterator<Item = &Item> + '_ {
        let Batch([_, _, count, stride], items) = self;
        (0..*count).map(move |i| &*items.cast::<u8>().add((i * stride) as usize).cast::<Item>())
    }
}
#[repr(C)]
struct Plugin {
    head: [u32; 2], // struct_size, abi_version
    name: [Text; 2],
    describe: Unused,
    open: unsafe extern "C" fn(Text, Text, *mut Op, Errors) -> c_int,
    shutdown: unsafe extern "C" fn(Op, i64, Errors) -> c_int,
    destroy: unsafe extern "C" fn(Op),
    check: Unused,
    submit: unsafe extern "C" fn(Op, Text, u32, Errors) -> c_int,
    status_wait: [Unused; 2],
    next_events: unsafe extern "C" fn(Op, u32, i64, *mut *mut Batch<Event>, Errors) -> c_int,
    event_fd: unsafe extern "C" fn(Op, *mut c_int, Errors) -> c_int,
    cancel_attach: [Unused; 2],
    logs_open: unsafe extern "C" fn(Op, Text, Text, *mut Op, *mut u64, Errors) -> c_int,
    logs_read: unsafe extern "C" fn(Op, u32, *mut *mut Batch<Record>, Errors) -> c_int,
    logs_close: unsafe extern "C" fn(Op),
    forget: unsafe extern "C" fn(Op, Text, Text, Errors) -> c_int,
    release: unsafe extern "C" fn(*mut c_void),
}
#[repr(C)]
struct Polled(c_int, c_short, c_short);
extern "C" {
    fn poll(fds: *mut Polled, count: c_ulong, timeout_ms: c_int) -> c_int;
}

fn end(why: impl Display) -> ! {
    eprintln!("error: {why}");
    std::process::exit(2)
}
/// Ends the program when a call failed, with what the plugin says.
unsafe fn need(call: impl FnOnce(Errors) -> c_int) {
    let mut error: *mut Failure = null_mut();
    if call(&mut error) != 0 {
        end(error
            .as_ref()
            .map_or("?".into(), |Failure(_, message, _, findings)| text(*message) + " " + &text(*findings)))
    }
}

unsafe fn text(at: Text) -> String {
    CStr::from_ptr(at).to_string_lossy().into_owned()
}

#[derive(Default)]
struct Step {
    logs: Op,
    state: u32,
    log_ended: bool,
    acknowledged: bool,
}

unsafe fn run(plugin: &Plugin, flavor: &CStr, config: &CStr, requests: &[CString]) -> i32 {
    let (mut op, mut steps) = (0, HashMap::<String, Step>::new());
    let (mut queue, mut running) = (Polled(-1, 1, 0), requests.len());
    need(|error| (plugin.open)(flavor.as_ptr(), config.as_ptr(), &mut op, error));
    need(|error| (plugin.event_fd)(op, &mut queue.0, error));
    requests.iter().for_each(|request| need(|error| (plugin.submit)(op, request.as_ptr(), 0, error)));
    while running > 0 {
        let mut events = null_mut();
        poll(&mut queue, 1, -1);
        if (plugin.next_events)(op, 64, 0, &mut events, null_mut()) != 0 {
            continue;
        }
        for Event([_, kind, state, ..], _, id, _, detail) in (*events).items() {
            let (id, name) = (*id, text(*id));
            let step = steps.entry(name.clone()).or_default();
            match kind {
                1 => {
                    step.state = *state;
                    println!("{name} {} {}", STATES[*state as usize], text(*detail));
                    if step.logs == 0 {
                        need(|error| (plugin.logs_open)(op, id, null(), &mut step.logs, null_mut(), error));
                    }
                }
                2 => {
                    let mut lines = null_mut();
                    while (plugin.logs_read)(step.logs, 256, &mut lines, null_mut()) == 0 {
                        for Record([_, kind, ..], _, data, size) in (*lines).items() {
                            if *kind == 1 {
                                let line = std::slice::from_raw_parts(*data, *size);
                                println!("{name} log: {}", String::from_utf8_lossy(line));
                            } else if *kind == 3 {
                                step.log_ended = true;
                            }
                        }
                        (plugin.release)(lines.cast());
                    }
                }
                6 => {
                    running -= 1;
                    (plugin.logs_close)(step.logs);
                }
                _ => {}
            }
            if step.state >= SUCCEEDED && step.log_ended && !step.acknowledged {
                step.acknowledged = true; // all is printed: what ran it may go
                need(|error| (plugin.forget)(op, id, null(), error));
            }
        }
        (plugin.release)(events.cast());
    }
    (plugin.destroy)(op);
    steps.values().any(|step| step.state > SUCCEEDED) as i32
}

fn main() {
    let words: Vec<CString> = std::env::args().skip(1).map(|word| CString::new(word).unwrap()).collect();
    if words.len() < 4 {
        end("usage: stepop-run-rust PLUGIN.so FLAVOR CONFIG REQUEST...")
    }
    unsafe {
        let file = words[0].to_str().unwrap();
        let library = libloading::Library::new(file).unwrap_or_else(|why| end(why));
        let entry = library.get::<unsafe extern "C" fn(u32) -> *const Plugin>(b"stepop_plugin_entry\0");
        let plugin = entry.unwrap_or_else(|why| end(why))(ABI_VERSION);
        let plugin = plugin.as_ref().unwrap_or_else(|| end(format!("{file} does not work with ABI 0.1")));
        std::process::exit(run(plugin, &words[1], &words[2], &words[3..]));
    }
}
