//! What became of messages, and what was executed for them.

use std::fmt;

use super::ffi;
use super::principal::{text, Principal};

/// Why a message was rejected, as callers see it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum RejectCode {
    /// The system can't do it, now or later.
    SysFatal = 1,
    /// The system can't do it now.
    SysTransient,
    /// There is no such canister, or it isn't running.
    DestinationInvalid,
    /// The canister rejected the message.
    CanisterReject,
    /// The canister failed.
    CanisterError,
    /// Nobody knows what became of it.
    SysUnknown,
}

/// A reject: what the canister or the system answered.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Reject {
    /// The code that callers see.
    pub code: RejectCode,
    /// The error's code, such as 503; 0 for none.
    pub error_code: u32,
    /// The error's name, such as `IC0503`; empty for none.
    pub error_name: String,
    /// What happened, which may have several lines.
    pub message: String,
}

impl fmt::Display for Reject {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.error_name.is_empty() {
            write!(out, "{} ", self.error_name)?;
        }
        out.write_str(self.message.lines().next().unwrap_or(""))
    }
}

impl std::error::Error for Reject {}

/// A reply.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Reply {
    /// The bytes.
    pub bytes: Vec<u8>,
    /// The same as Candid text, with the interface's names where the canister tells it; `None` if it is no Candid message.
    pub text: Option<String>,
}

/// What a message was answered.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Answer {
    /// A reply.
    Replied(Reply),
    /// A reject.
    Rejected(Reject),
    /// None yet: [`Runtime::answer`](super::Runtime::answer) goes on.
    Unanswered,
}

/// What became of a message. A reject is no error of the library.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Outcome {
    /// The answer.
    pub answer: Answer,
    /// The number of the message, if it was an update call.
    pub ingress: Option<u64>,
    /// What was executed meanwhile, of all canisters.
    pub activity: Activity,
}

impl Outcome {
    /// The reply, or the reject; no answer yet is a reject by the system.
    pub fn reply(self) -> Result<Reply, Reject> {
        match self.answer {
            Answer::Replied(reply) => Ok(reply),
            Answer::Rejected(reject) => Err(reject),
            Answer::Unanswered => Err(Reject {
                code: RejectCode::SysUnknown,
                error_code: 0,
                error_name: String::new(),
                message: "there is no answer yet".into(),
            }),
        }
    }

    /// Takes over an outcome of the library.
    ///
    /// # Safety
    /// Nobody else may delete it.
    pub(crate) unsafe fn take(raw: *mut ffi::cannery_outcome_t) -> Outcome {
        // SAFETY: what is read lives as long as the outcome, which is deleted when all is copied.
        unsafe {
            let answer = match ffi::cannery_outcome_status(raw) {
                1 => {
                    let mut size = 0;
                    let data = ffi::cannery_outcome_reply(raw, &mut size);
                    let bytes =
                        if data.is_null() { Vec::new() } else { std::slice::from_raw_parts(data, size).to_vec() };
                    Answer::Replied(Reply { bytes, text: text(ffi::cannery_outcome_reply_text(raw)) })
                }
                2 => Answer::Rejected(Reject {
                    code: match ffi::cannery_outcome_reject_code(raw) {
                        1 => RejectCode::SysFatal,
                        2 => RejectCode::SysTransient,
                        3 => RejectCode::DestinationInvalid,
                        4 => RejectCode::CanisterReject,
                        5 => RejectCode::CanisterError,
                        _ => RejectCode::SysUnknown,
                    },
                    error_code: ffi::cannery_outcome_error_code(raw),
                    error_name: text(ffi::cannery_outcome_error_name(raw)).unwrap_or_default(),
                    message: text(ffi::cannery_outcome_message(raw)).unwrap_or_default(),
                }),
                _ => Answer::Unanswered,
            };
            let ingress = ffi::cannery_outcome_ingress(raw);
            let activity = Activity::copy(ffi::cannery_outcome_activity(raw));
            ffi::cannery_outcome_delete(raw);
            Outcome { answer, ingress: (ingress != 0).then_some(ingress), activity }
        }
    }
}

/// An execution of a canister.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ExecutionReport {
    /// Whose.
    pub canister: Principal,
    /// The method, or what else it was: `canister_init`, `heartbeat`, `reply callback` …
    pub name: String,
    /// As billed, with pages that were changed.
    pub instructions: u64,
    /// What it cost.
    pub cycles: u128,
    /// Pages of 4 KiB that were changed.
    pub dirty_pages: usize,
    /// Of a failure, such as 503; 0 for success.
    pub error_code: u32,
}

/// What a canister logged.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct LogRecord {
    /// Whose.
    pub canister: Principal,
    /// Counts all records of the canister.
    pub index: u64,
    /// Nanoseconds since 1970.
    pub time: u64,
    /// The text, which needn't be UTF-8.
    pub text: Vec<u8>,
}

/// Executions and what canisters logged, in their order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Activity {
    /// The executions.
    pub executions: Vec<ExecutionReport>,
    /// What was logged.
    pub logs: Vec<LogRecord>,
}

impl Activity {
    /// The sum over all executions.
    pub fn instructions(&self) -> u64 {
        self.executions.iter().fold(0, |sum, execution| sum.saturating_add(execution.instructions))
    }

    /// The sum over all executions.
    pub fn cycles(&self) -> u128 {
        self.executions.iter().fold(0, |sum, execution| sum.saturating_add(execution.cycles))
    }

    /// # Safety
    /// `raw` must live during the call.
    unsafe fn copy(raw: *const ffi::cannery_activity_t) -> Activity {
        let mut activity = Activity::default();
        // SAFETY: texts live as long as the activity; what is zero is written before it is read.
        unsafe {
            for index in 0..ffi::cannery_activity_execution_count(raw) {
                let mut report = std::mem::zeroed();
                if !ffi::cannery_activity_execution(raw, index, &mut report) {
                    break;
                }
                activity.executions.push(ExecutionReport {
                    canister: Principal(report.canister),
                    name: text(report.name).unwrap_or_default(),
                    instructions: report.instructions,
                    cycles: from_cycles(report.cycles),
                    dirty_pages: report.dirty_pages,
                    error_code: report.error_code,
                });
            }
            for index in 0..ffi::cannery_activity_log_count(raw) {
                let mut record: ffi::cannery_log_record_t = std::mem::zeroed();
                if !ffi::cannery_activity_log(raw, index, &mut record) {
                    break;
                }
                let text = if record.text.is_null() {
                    Vec::new()
                } else {
                    std::slice::from_raw_parts(record.text as *const u8, record.size).to_vec()
                };
                activity.logs.push(LogRecord {
                    canister: Principal(record.canister),
                    index: record.index,
                    time: record.time,
                    text,
                });
            }
        }
        activity
    }

    /// Takes over an activity of the library.
    ///
    /// # Safety
    /// Nobody else may delete it.
    pub(crate) unsafe fn take(raw: *mut ffi::cannery_activity_t) -> Activity {
        // SAFETY: as above.
        unsafe {
            let activity = Activity::copy(raw);
            ffi::cannery_activity_delete(raw);
            activity
        }
    }
}

pub(crate) fn from_cycles(cycles: ffi::cannery_cycles_t) -> u128 {
    u128::from(cycles.low) | u128::from(cycles.high) << 64
}

pub(crate) fn to_cycles(cycles: u128) -> ffi::cannery_cycles_t {
    ffi::cannery_cycles_t { low: cycles as u64, high: (cycles >> 64) as u64 }
}
