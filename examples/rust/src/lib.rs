//! lines-rust: the adapter of ../c/lines.c in Rust, without any crate; the protocol stands there.
//! It shows that an adapter needs no C: what it uses of the ABI is written out in abi.rs.

mod abi;

use abi::{size_of, Str};
use std::ffi::{c_void, CStr};
use std::panic::{catch_unwind, AssertUnwindSafe};

const LINE_BYTES: usize = 64 * 1024;
const ID_BYTES: usize = 255;
/// So long before its deadline a delivery ends, whatever the peer does.
const MARGIN_MS: i64 = 1000;
const DESK: abi::Chat = abi::Chat {
    struct_size: size_of::<abi::Chat>(),
    kind: abi::CHAT_DIRECT,
    id: Str::of("desk"),
    thread_id: Str::EMPTY,
};

/// One instance. Every call comes on its own thread, one at a time.
struct Lines {
    host: *const abi::Host,
    listener: *const abi::Listener,
    clock: *const abi::Clock,
    timer: *const abi::Timer,
    instance: String,
    last_op: u64,
    /// How many of the operations up to last_op the host has completed.
    completed: u64,
    listening: u64,
    peer: Option<u64>,
    /// What the peer said and the host has not stored yet.
    submitting: Option<Submitting>,
    /// What the peer has not confirmed yet.
    delivering: Option<Delivering>,
    buffer: Vec<u8>,
    stopping: bool,
}

struct Submitting {
    op: u64,
    id: Vec<u8>, // as it was said: whether it is text is the host's to judge
}

struct Delivering {
    op: u64,
    key: String,
    alarm: u64,
}

impl Lines {
    fn host(&self) -> &abi::Host {
        unsafe { &*self.host } // valid until destroy() returns
    }
    fn listener(&self) -> &abi::Listener {
        unsafe { &*self.listener } // as long as the host
    }
    fn timer(&self) -> &abi::Timer {
        unsafe { &*self.timer }
    }
    fn next_op(&mut self) -> u64 {
        self.last_op += 1;
        self.last_op
    }

    fn start(&mut self) {
        self.listening = self.next_op();
        unsafe { (self.listener().listen)(self.host, self.listening, Str::of(&self.instance)) }
    }

    fn stop(&mut self) {
        self.stopping = true;
        self.end_delivery(abi::E_CUT, "the instance was stopped before the peer confirmed it");
        unsafe { (self.listener().close)(self.host, self.listening) }
        self.leave();
    }
    fn leave(&self) {
        if self.stopping && self.completed == self.last_op {
            unsafe { (self.host().stopped)(self.host) }
        }
    }

    fn complete(&self, op: u64, code: i32, sent_state: u32, text: &str, remote_id: &str) {
        let remote_ids = [Str::of(remote_id)];
        let result = abi::Result {
            struct_size: size_of::<abi::Result>(),
            code,
            sent_state,
            retry_scope: 0,
            retry_after_ms: -1,
            text: Str::of(text),
            remote_ids: remote_ids.as_ptr(),
            remote_id_count: (code == abi::OK) as u32,
            remote_id_stride: size_of::<Str>(),
        };
        unsafe { (self.host().op_complete)(self.host, op, &result) }
    }
    fn refuse(&self, op: u64, code: i32, why: &str) {
        self.complete(op, code, abi::NOT_SENT, why, "");
    }
    /// It has left: only the peer's word proves what became of it.
    fn end_delivery(&mut self, code: i32, why: &str) {
        if let Some(Delivering { op, key, alarm }) = self.delivering.take() {
            unsafe { (self.timer().cancel)(self.host, alarm) }
            let sent = if code == abi::OK { abi::SENT } else { abi::SENT_UNKNOWN };
            self.complete(op, code, sent, why, &key);
        }
    }

    fn deliver(&mut self, op: u64, what: &abi::Delivery) {
        if what.operation != abi::DELIVER_MESSAGE || what.file_count != 0 {
            return self.refuse(op, abi::E_UNSUPPORTED, "this channel takes plain texts only");
        }
        let (text, key) = unsafe { (what.text.bytes(), what.idempotency_key.bytes()) };
        if text.len() > LINE_BYTES {
            return self.refuse(op, abi::E_TOO_LARGE, "a message has at most 64 KiB here");
        }
        let Some(peer) = self.peer.filter(|_| !self.stopping) else {
            return self.refuse(op, abi::E_OFFLINE, "nobody is connected to the socket");
        };
        let key = format!("{}:0", String::from_utf8_lossy(key));
        let mut line = format!("msg {key} {}\n", text.len()).into_bytes();
        line.extend_from_slice(text);
        line.push(b'\n');
        if self.delivering.is_some() || !self.send(peer, &line) {
            return self.refuse(op, abi::E_BUSY, "the peer has not taken the last message yet");
        }
        // It ends when the peer says "got", or else before its deadline.
        let alarm = self.next_op();
        self.delivering = Some(Delivering { op, key, alarm });
        unsafe {
            let left = what.deadline_ms - ((*self.clock).monotonic_ms)(self.host) - MARGIN_MS;
            (self.timer().start)(self.host, alarm, left.max(0))
        }
    }
    fn cancel(&mut self, op: u64) {
        if self.delivering.as_ref().is_some_and(|delivering| delivering.op == op) {
            self.end_delivery(abi::E_UNKNOWN, "cancelled; the peer may have it");
        }
    }

    fn send(&self, peer: u64, bytes: &[u8]) -> bool {
        unsafe { (self.listener().send)(self.host, peer, Str::of_bytes(bytes)) == abi::OK }
    }
    fn hang_up(&self, connection: u64) {
        unsafe { (self.listener().hang_up)(self.host, connection) }
    }

    fn on_complete(&mut self, op: u64, how: &abi::Completion) {
        self.completed += 1;
        if op == self.listening {
            let online = how.code == abi::OK;
            let state = abi::State {
                struct_size: size_of::<abi::State>(),
                state: if online { abi::STATE_ONLINE } else { abi::STATE_FAILED },
                reason: how.text,
                user_action: Str::EMPTY,
                login_code: Str::EMPTY,
                login_code_is_qr: 0,
                reserved: 0,
            };
            unsafe { (self.host().set_state)(self.host, &state) }
        } else if self.delivering.as_ref().is_some_and(|delivering| delivering.alarm == op) {
            self.end_delivery(abi::E_UNKNOWN, "the peer did not confirm it in time");
        } else if self.submitting.as_ref().is_some_and(|submitting| submitting.op == op) {
            self.submit_ended(how);
        }
        self.leave();
    }
    fn submit_ended(&mut self, how: &abi::Completion) {
        let stored = how.code == abi::OK && how.value != abi::NOT_STORED;
        if let (Some(Submitting { id, .. }), Some(peer)) = (self.submitting.take(), self.peer) {
            // Permanent, or a bug: the host will never take it, see PBAY_NOT_STORED.
            let never = how.code / 100 == -2 || how.code <= abi::E_BUG;
            let refusal = if never { "bad" } else { "no" };
            let word = if stored { "ok" } else { refusal };
            let answer = [word.as_bytes(), b" ", &id, b"\n"].concat();
            if !self.send(peer, &answer) {
                self.hang_up(peer); // it does not read
            }
        }
        self.read_lines();
    }

    fn on_event(&mut self, event: &abi::ListenerEvent) {
        let from_peer = self.peer == Some(event.connection);
        match event.kind {
            abi::LISTENER_ACCEPTED if self.peer.is_none() => {
                self.peer = Some(event.connection);
                self.buffer.clear();
                // What waited for somebody comes now.
                unsafe { (self.host().chat_reachable)(self.host, &DESK) }
            }
            abi::LISTENER_ACCEPTED => self.hang_up(event.connection), // one peer at a time
            abi::LISTENER_DATA if from_peer => {
                let bytes = unsafe { event.data.bytes() };
                if self.buffer.len() + bytes.len() > LINE_BYTES {
                    return self.hang_up(event.connection); // a line without end
                }
                self.buffer.extend_from_slice(bytes);
                self.read_lines();
            }
            abi::LISTENER_CLOSED if from_peer => {
                self.peer = None;
                self.submitting = None; // what it said is not answered to the next one
                self.end_delivery(abi::E_CUT, "the peer left before it confirmed the message");
            }
            _ => {}
        }
    }

    /// Line by line, and no further while a message is not stored.
    fn read_lines(&mut self) {
        while let (Some(peer), None, false) = (self.peer, &self.submitting, self.stopping) {
            let Some(end) = self.buffer.iter().position(|byte| *byte == b'\n') else { return };
            let line: Vec<u8> = self.buffer.drain(..=end).collect();
            if !self.take_line(&line[..end]) {
                self.buffer.clear();
                self.hang_up(peer);
            }
        }
    }
    fn take_line(&mut self, line: &[u8]) -> bool {
        match at_space(line) {
            Some((b"got", key)) => {
                let is_it = |delivering: &Delivering| delivering.key.as_bytes() == key;
                if self.delivering.as_ref().is_some_and(is_it) {
                    self.end_delivery(abi::OK, "");
                } // else it is too late
                true
            }
            Some((b"say", message)) => match at_space(message) {
                Some((id, text)) if !id.is_empty() && id.len() <= ID_BYTES => {
                    self.submit(id, text);
                    true
                }
                _ => false,
            },
            _ => false,
        }
    }
    /// The peer is answered in on_complete(), when the message is on the host's disk.
    fn submit(&mut self, id: &[u8], text: &[u8]) {
        let sender = abi::Sender {
            struct_size: size_of::<abi::Sender>(),
            is_bot: 0,
            is_self: 0,
            reserved: 0,
            id: Str::of("desk"),
            name: Str::of("desk"),
        };
        let mut event: abi::Event = unsafe { std::mem::zeroed() }; // what is not said is zero
        event.struct_size = size_of::<abi::Event>();
        event.kind = abi::EVENT_MESSAGE;
        event.event_id = Str::of_bytes(id);
        event.message_id = Str::of_bytes(id);
        event.chat = &DESK;
        event.sender = &sender;
        event.text = Str::of_bytes(text);
        let op = self.next_op();
        self.submitting = Some(Submitting { op, id: id.to_vec() });
        unsafe { (self.host().submit)(self.host, op, &event) }
    }
}

/// What stands before the first space, and behind it.
fn at_space(line: &[u8]) -> Option<(&[u8], &[u8])> {
    let space = line.iter().position(|byte| *byte == b' ')?;
    Some((&line[..space], &line[space + 1..]))
}

/// Nothing unwinds into the host: a panic is a bug of the adapter, which the host's deadlines settle.
unsafe fn enter(data: *mut c_void, body: impl FnOnce(&mut Lines)) {
    let lines = unsafe { &mut *data.cast::<Lines>() };
    let host = lines.host;
    if catch_unwind(AssertUnwindSafe(|| body(lines))).is_err() {
        unsafe { ((*host).log)(host, abi::LOG_ERROR, Str::of("bug in the adapter: it panicked")) }
    }
}

unsafe extern "C" fn start(data: *mut c_void) {
    unsafe { enter(data, Lines::start) }
}
unsafe extern "C" fn stop(data: *mut c_void, _deadline_ms: i64) {
    unsafe { enter(data, Lines::stop) }
}
unsafe extern "C" fn destroy(data: *mut c_void) {
    drop(unsafe { Box::from_raw(data.cast::<Lines>()) });
}
unsafe extern "C" fn deliver(data: *mut c_void, op: u64, what: *const abi::Delivery) {
    unsafe { enter(data, |lines| lines.deliver(op, &*what)) }
}
unsafe extern "C" fn on_complete(data: *mut c_void, op: u64, how: *const abi::Completion) {
    unsafe { enter(data, |lines| lines.on_complete(op, &*how)) }
}
unsafe extern "C" fn on_event(data: *mut c_void, _op: u64, detail: *const c_void) {
    unsafe { enter(data, |lines| lines.on_event(&*detail.cast())) }
}
unsafe extern "C" fn cancel(data: *mut c_void, op: u64) {
    unsafe { enter(data, |lines| lines.cancel(op)) }
}
unsafe extern "C" fn capabilities(_: *mut c_void, _: *const abi::Chat, out: *mut abi::Caps) {
    let out = unsafe { &mut *out };
    out.bits = abi::CAN_TEXT | abi::CAN_IDEMPOTENT_SEND; // the peer knows a repeated KEY
    out.text_limit = LINE_BYTES as u32; // in bytes
}

/// There are no settings, so the JSON is {"instance":"name"}.
fn instance_of(config: &str) -> Option<String> {
    let (_, rest) = config.split_once("\"instance\"")?;
    rest.split('"').nth(1).map(str::to_string)
}

unsafe extern "C" fn create(host: *const abi::Host, config: Str, out: *mut abi::Adapter) -> i32 {
    let made = catch_unwind(|| unsafe {
        let lent = |id: &CStr| ((*host).get_extension)(host, id.as_ptr());
        let (listener, clock, timer) = (lent(abi::LISTENER), lent(abi::CLOCK), lent(abi::TIMER));
        let instance = instance_of(std::str::from_utf8(config.bytes()).ok()?)?;
        let lines = Lines {
            host,
            listener: listener.cast(),
            clock: clock.cast(),
            timer: timer.cast(),
            instance,
            last_op: 0,
            completed: 0,
            listening: 0,
            peer: None,
            submitting: None,
            delivering: None,
            buffer: Vec::new(),
            stopping: false,
        };
        let whole = !listener.is_null() && !clock.is_null() && !timer.is_null();
        whole.then(|| Box::into_raw(Box::new(lines)))
    });
    let Ok(Some(lines)) = made else {
        let why = "this host lends no listener, clock or timer, or gave the instance no name; \
                   update Patchbay";
        unsafe { ((*host).log)(host, abi::LOG_ERROR, Str::of(why)) }
        return abi::E_INVALID;
    };
    // Less than ours in a host that is older: no more than that is written.
    let struct_size = unsafe { (*out).struct_size }.min(size_of::<abi::Adapter>());
    let adapter = abi::Adapter {
        struct_size,
        reserved: 0,
        data: lines.cast(),
        start: Some(start),
        stop: Some(stop),
        destroy: Some(destroy),
        deliver: Some(deliver),
        fetch: None,
        on_complete: Some(on_complete),
        on_event: Some(on_event),
        cancel: Some(cancel),
        capabilities: Some(capabilities),
        translate: None,
        get_extension: None,
    };
    let bytes = (&adapter as *const abi::Adapter).cast::<u8>();
    unsafe { std::ptr::copy_nonoverlapping(bytes, out.cast::<u8>(), struct_size as usize) }
    abi::OK
}

static MODULE: abi::Module = abi::Module {
    struct_size: size_of::<abi::Module>(),
    magic: abi::MAGIC,
    abi_minor: abi::ABI_MINOR,
    min_host_minor: 0,
    abi_draft: abi::ABI_DRAFT,
    reserved: 0,
    channel: Str::of("lines-rust"),
    version: Str::of(env!("CARGO_PKG_VERSION")),
    vendor: Str::of("Example"),
    create,
};

#[no_mangle]
pub extern "C" fn patchbay_adapter_v1(_host_minor: u32) -> *const abi::Module {
    &MODULE
}
