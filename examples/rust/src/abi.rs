//! What this adapter uses of patchbay/adapter.h and of listener.h, clock.h and timer.h in patchbay/ext,
//! by hand. Every field is there and in its place; pointers to what is not used are opaque. The sizes
//! at the end are those of the C structs: a slip does not compile.

use std::ffi::{c_char, c_void};

pub const ABI_MINOR: u32 = 0;
pub const ABI_DRAFT: u32 = 5;
pub const MAGIC: u32 = 0x5941_4250;

pub const OK: i32 = 0;
pub const E_OFFLINE: i32 = -105;
pub const E_BUSY: i32 = -106;
pub const E_TOO_LARGE: i32 = -204;
pub const E_UNSUPPORTED: i32 = -205;
pub const E_INVALID: i32 = -208;
pub const E_UNKNOWN: i32 = -400;
pub const E_CUT: i32 = -401;
pub const E_BUG: i32 = -500;

pub const SENT_UNKNOWN: u32 = 0;
pub const NOT_SENT: u32 = 1;
pub const SENT: u32 = 2;

pub const CHAT_DIRECT: u32 = 0;
pub const EVENT_MESSAGE: u32 = 0;
pub const DELIVER_MESSAGE: u32 = 0;
pub const NOT_STORED: u64 = 5;

pub const CAN_TEXT: u64 = 1 << 0;
pub const CAN_IDEMPOTENT_SEND: u64 = 1 << 9;

pub const STATE_ONLINE: u32 = 1;
pub const STATE_FAILED: u32 = 5;
pub const LOG_ERROR: u32 = 3;

pub const LISTENER: &std::ffi::CStr = c"patchbay.listener/1";
pub const CLOCK: &std::ffi::CStr = c"patchbay.clock/1";
pub const TIMER: &std::ffi::CStr = c"patchbay.timer/1";
pub const LISTENER_ACCEPTED: u32 = 0;
pub const LISTENER_DATA: u32 = 1;
pub const LISTENER_CLOSED: u32 = 3;

#[repr(C)]
#[derive(Clone, Copy)]
pub struct Str {
    pub data: *const c_char,
    pub size: u64,
}

impl Str {
    pub const EMPTY: Str = Str { data: std::ptr::null(), size: 0 };

    /// Valid as long as `text` is.
    pub const fn of(text: &str) -> Str {
        Str { data: text.as_ptr().cast(), size: text.len() as u64 }
    }
    pub const fn of_bytes(bytes: &[u8]) -> Str {
        Str { data: bytes.as_ptr().cast(), size: bytes.len() as u64 }
    }
    /// # Safety
    /// The host's text, before its call returns: copy what you keep.
    pub unsafe fn bytes<'call>(self) -> &'call [u8] {
        if self.data.is_null() {
            return &[];
        }
        unsafe { std::slice::from_raw_parts(self.data.cast(), self.size as usize) }
    }
}

#[repr(C)]
pub struct Result {
    pub struct_size: u32,
    pub code: i32,
    pub sent_state: u32,
    pub retry_scope: u32,
    pub retry_after_ms: i64,
    pub text: Str,
    pub remote_ids: *const Str,
    pub remote_id_count: u32,
    pub remote_id_stride: u32,
}

#[repr(C)]
pub struct Chat {
    pub struct_size: u32,
    pub kind: u32,
    pub id: Str,
    pub thread_id: Str,
}

#[repr(C)]
pub struct Sender {
    pub struct_size: u32,
    pub is_bot: u32,
    pub is_self: u32,
    pub reserved: u32,
    pub id: Str,
    pub name: Str,
}

#[repr(C)]
pub struct Event {
    pub struct_size: u32,
    pub kind: u32,
    pub flags: u32,
    pub reserved: u32,
    pub event_id: Str,
    pub message_id: Str,
    pub target_id: Str,
    pub emoji: Str,
    pub action: Str,
    pub chat: *const Chat,
    pub chat_name: Str,
    pub sender: *const Sender,
    pub timestamp_ms: i64,
    pub text: Str,
    pub reply_to_id: Str,
    pub reply_to_text: Str,
    pub reply_to_sender: Str,
    pub files: *const c_void,
    pub file_count: u32,
    pub file_stride: u32,
    pub group_id: Str,
    pub extra_json: Str,
}

#[repr(C)]
pub struct Delivery {
    pub struct_size: u32,
    pub operation: u32,
    pub flags: u32,
    pub attempt: u32,
    pub chat: *const Chat,
    pub text: Str,
    pub files: *const c_void,
    pub file_count: u32,
    pub file_stride: u32,
    pub target_id: Str,
    pub reply_to_id: Str,
    pub emoji: Str,
    pub question_id: Str,
    pub title: Str,
    pub options: *const c_void,
    pub option_count: u32,
    pub option_stride: u32,
    pub idempotency_key: Str,
    pub parts_done: u32,
    pub reserved: u32,
    pub resume_cursor: Str,
    pub remote_ids: *const Str,
    pub remote_id_count: u32,
    pub remote_id_stride: u32,
    pub deadline_ms: i64,
    pub extra_json: Str,
    pub target_ids: *const Str,
    pub target_id_count: u32,
    pub target_id_stride: u32,
}

#[repr(C)]
pub struct Caps {
    pub struct_size: u32,
    pub generation: u32,
    pub bits: u64,
    pub text_unit: u32,
    pub text_limit: u32,
    pub caption_limit: u32,
    pub files_per_part: u32,
    pub file_bytes: i64,
    pub edit_window_ms: i64,
    pub chat_messages: u32,
    pub chat_period_ms: u32,
    pub account_messages: u32,
    pub account_period_ms: u32,
}

#[repr(C)]
pub struct State {
    pub struct_size: u32,
    pub state: u32,
    pub reason: Str,
    pub user_action: Str,
    pub login_code: Str,
    pub login_code_is_qr: u32,
    pub reserved: u32,
}

#[repr(C)]
pub struct Completion {
    pub struct_size: u32,
    pub code: i32,
    pub value: u64,
    pub text: Str,
    pub detail: *const c_void,
}

#[repr(C)]
pub struct ListenerEvent {
    pub struct_size: u32,
    pub kind: u32,
    pub connection: u64,
    pub data: Str,
}

#[repr(C)]
pub struct Listener {
    pub struct_size: u32,
    pub reserved: u32,
    pub listen: unsafe extern "C" fn(*const Host, u64, Str),
    pub send: unsafe extern "C" fn(*const Host, u64, Str) -> i32,
    pub hang_up: unsafe extern "C" fn(*const Host, u64),
    pub close: unsafe extern "C" fn(*const Host, u64),
}

#[repr(C)]
pub struct Clock {
    pub struct_size: u32,
    pub reserved: u32,
    pub monotonic_ms: unsafe extern "C" fn(*const Host) -> i64,
    pub wall_ms: unsafe extern "C" fn(*const Host) -> i64,
    pub random: unsafe extern "C" fn(*const Host) -> u64,
}

#[repr(C)]
pub struct Timer {
    pub struct_size: u32,
    pub reserved: u32,
    pub start: unsafe extern "C" fn(*const Host, u64, i64),
    pub cancel: unsafe extern "C" fn(*const Host, u64),
}

#[repr(C)]
pub struct Host {
    pub struct_size: u32,
    pub minor: u32,
    pub data: *mut c_void,
    pub log: unsafe extern "C" fn(*const Host, u32, Str),
    pub submit: unsafe extern "C" fn(*const Host, u64, *const Event),
    pub set_state: unsafe extern "C" fn(*const Host, *const State),
    pub op_part: unsafe extern "C" fn(*const Host, u64, u64, u32, Str, Str),
    pub op_complete: unsafe extern "C" fn(*const Host, u64, *const Result),
    pub report: unsafe extern "C" fn(*const Host, *const c_void),
    pub metadata: unsafe extern "C" fn(*const Host, Str),
    pub chat_reachable: unsafe extern "C" fn(*const Host, *const Chat),
    pub stopped: unsafe extern "C" fn(*const Host),
    pub get_extension: unsafe extern "C" fn(*const Host, *const c_char) -> *const c_void,
}

type Data = *mut c_void;

#[repr(C)]
pub struct Adapter {
    pub struct_size: u32,
    pub reserved: u32,
    pub data: Data,
    pub start: Option<unsafe extern "C" fn(Data)>,
    pub stop: Option<unsafe extern "C" fn(Data, i64)>,
    pub destroy: Option<unsafe extern "C" fn(Data)>,
    pub deliver: Option<unsafe extern "C" fn(Data, u64, *const Delivery)>,
    pub fetch: Option<unsafe extern "C" fn(Data, u64, Str, u64)>,
    pub on_complete: Option<unsafe extern "C" fn(Data, u64, *const Completion)>,
    pub on_event: Option<unsafe extern "C" fn(Data, u64, *const c_void)>,
    pub cancel: Option<unsafe extern "C" fn(Data, u64)>,
    pub capabilities: Option<unsafe extern "C" fn(Data, *const Chat, *mut Caps)>,
    pub translate: Option<unsafe extern "C" fn(Data, Str, Str) -> i32>,
    pub get_extension: Option<unsafe extern "C" fn(Data, *const c_char) -> *const c_void>,
}

#[repr(C)]
pub struct Module {
    pub struct_size: u32,
    pub magic: u32,
    pub abi_minor: u32,
    pub min_host_minor: u32,
    pub abi_draft: u32,
    pub reserved: u32,
    pub channel: Str,
    pub version: Str,
    pub vendor: Str,
    pub create: unsafe extern "C" fn(*const Host, Str, *mut Adapter) -> i32,
}
// Its texts are literals.
unsafe impl Sync for Module {}

pub const fn size_of<T>() -> u32 {
    std::mem::size_of::<T>() as u32
}

const _: () = {
    assert!(size_of::<Str>() == 16 && size_of::<Result>() == 56 && size_of::<Chat>() == 40);
    assert!(size_of::<Sender>() == 48 && size_of::<Event>() == 248);
    assert!(size_of::<Delivery>() == 248 && size_of::<Caps>() == 64 && size_of::<State>() == 64);
    assert!(size_of::<Completion>() == 40 && size_of::<ListenerEvent>() == 32);
    assert!(size_of::<Listener>() == 40 && size_of::<Clock>() == 32 && size_of::<Timer>() == 24);
    assert!(size_of::<Host>() == 96);
    assert!(size_of::<Adapter>() == 104 && size_of::<Module>() == 80);
};
