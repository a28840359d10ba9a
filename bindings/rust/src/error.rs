//! Errors: what can't be made or opened, and why Wasm code trapped.

use std::ffi::CStr;
use std::fmt;
use std::sync::Arc;

use crate::ffi;
use crate::store::Handle;

/// What kind of error it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The input breaks the binary or text format.
    Malformed,
    /// The module is well-formed, but not valid, or uses a feature that is off.
    Invalid,
    /// An artifact is damaged, or was made by another version or with other options.
    Artifact,
    /// Imports that are missing or of another type.
    Link,
    /// A limit of the store, or no memory.
    Resource,
    /// An argument that the function doesn't take.
    Argument,
    /// The store belongs to an execution that hasn't ended.
    Busy,
    /// A file can't be read or written.
    File,
    /// Wasm code trapped: [`Error::trap`] tells why.
    Trap,
    /// What the Internet Computer's system refuses.
    Refused,
    /// A mistake in Cannery itself.
    Internal,
}

impl ErrorKind {
    fn from_raw(kind: ffi::cannery_error_kind_t) -> ErrorKind {
        match kind {
            1 => ErrorKind::Malformed,
            2 => ErrorKind::Invalid,
            3 => ErrorKind::Artifact,
            4 => ErrorKind::Link,
            5 => ErrorKind::Resource,
            6 => ErrorKind::Argument,
            7 => ErrorKind::Busy,
            8 => ErrorKind::File,
            9 => ErrorKind::Trap,
            10 => ErrorKind::Internal,
            11 => ErrorKind::Refused,
            _ => ErrorKind::Internal,
        }
    }
}

/// Why something failed.
#[derive(Clone)]
pub struct Error(Box<ErrorData>);

#[derive(Clone)]
struct ErrorData {
    kind: ErrorKind,
    message: String,
    offset: Option<usize>,
    trap: Option<Trap>,
}

/// What functions of this crate give that can fail.
pub type Result<T, E = Error> = std::result::Result<T, E>;

impl Error {
    pub(crate) fn new(kind: ErrorKind, message: impl Into<String>) -> Error {
        Error(Box::new(ErrorData { kind, message: message.into(), offset: None, trap: None }))
    }

    pub(crate) fn argument(message: impl Into<String>) -> Error {
        Error::new(ErrorKind::Argument, message)
    }

    /// What kind of error it is.
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// What is wrong, in one line.
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// The byte of the input that is wrong.
    pub fn offset(&self) -> Option<usize> {
        self.0.offset
    }

    /// The trap, if the error is one.
    pub fn trap(&self) -> Option<&Trap> {
        self.0.trap.as_ref()
    }

    /// Takes over an error of the library; none for NULL.
    ///
    /// # Safety
    /// `error` must be NULL, or an error that nobody else deletes.
    pub(crate) unsafe fn check(error: *mut ffi::cannery_error_t) -> Result<()> {
        if error.is_null() {
            return Ok(());
        }
        // SAFETY: the error is there, and its message lives as long.
        let data = unsafe {
            let message = ffi::cannery_error_message(error);
            let offset = ffi::cannery_error_offset(error);
            let data = ErrorData {
                kind: ErrorKind::from_raw(ffi::cannery_error_kind(error)),
                message: if message.is_null() {
                    String::new()
                } else {
                    CStr::from_ptr(message).to_string_lossy().into_owned()
                },
                offset: (offset != usize::MAX).then_some(offset),
                trap: None,
            };
            ffi::cannery_error_delete(error);
            data
        };
        Err(Error(Box::new(data)))
    }

    /// Why the last function of `wasm.h` failed on this thread.
    pub(crate) fn last() -> Error {
        // SAFETY: the error that is given is ours.
        match unsafe { Error::check(ffi::cannery_last_error()) } {
            Err(error) => error,
            Ok(()) => Error::new(ErrorKind::Internal, "the library gives no reason"),
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0.message)
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut out = out.debug_struct("Error");
        out.field("kind", &self.0.kind).field("message", &self.0.message);
        if let Some(offset) = self.0.offset {
            out.field("offset", &offset);
        }
        out.finish()
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.0.trap.as_ref().map(|trap| trap as _)
    }
}

impl From<Trap> for Error {
    fn from(trap: Trap) -> Error {
        Error(Box::new(ErrorData {
            kind: ErrorKind::Trap,
            message: trap.message().into(),
            offset: None,
            trap: Some(trap),
        }))
    }
}

/// Why Wasm code trapped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum TrapKind {
    /// An `unreachable`.
    Unreachable,
    /// An integer was divided by zero.
    IntegerDivideByZero,
    /// A quotient doesn't fit its type.
    IntegerOverflow,
    /// A float is no integer of the type.
    InvalidConversionToInteger,
    /// A load, a store or another operation beyond the end of a memory.
    OutOfBoundsMemoryAccess,
    /// The same of a table.
    OutOfBoundsTableAccess,
    /// An indirect call beyond the end of a table.
    UndefinedElement,
    /// An indirect call of a null reference.
    UninitializedElement,
    /// An indirect call of a function of another type.
    IndirectCallTypeMismatch,
    /// Too many calls inside each other.
    CallStackExhausted,
    /// The limit of instructions was reached.
    OutOfInstructions,
    /// A reference is null that must not be.
    NullReference,
    /// A host function trapped, or an argument doesn't fit.
    Host,
    /// [`Interrupt::interrupt`](crate::Interrupt::interrupt) was called.
    Interrupted,
    /// The reference of a call is null.
    NullFunctionReference,
}

impl TrapKind {
    const ALL: [TrapKind; 15] = [
        TrapKind::Unreachable,
        TrapKind::IntegerDivideByZero,
        TrapKind::IntegerOverflow,
        TrapKind::InvalidConversionToInteger,
        TrapKind::OutOfBoundsMemoryAccess,
        TrapKind::OutOfBoundsTableAccess,
        TrapKind::UndefinedElement,
        TrapKind::UninitializedElement,
        TrapKind::IndirectCallTypeMismatch,
        TrapKind::CallStackExhausted,
        TrapKind::OutOfInstructions,
        TrapKind::NullReference,
        TrapKind::Host,
        TrapKind::Interrupted,
        TrapKind::NullFunctionReference,
    ];

    pub(crate) fn from_raw(kind: ffi::cannery_trap_kind_t) -> TrapKind {
        let index = (kind as usize).wrapping_sub(1);
        *TrapKind::ALL.get(index).unwrap_or(&TrapKind::Host)
    }

    /// The kind in lower case with hyphens, as Cannery's tools print it.
    pub fn name(self) -> &'static str {
        let number = TrapKind::ALL.iter().position(|kind| *kind == self).map_or(0, |index| index + 1);
        // SAFETY: names are never freed.
        unsafe {
            let name = ffi::cannery_trap_kind_name(number as ffi::cannery_trap_kind_t);
            if name.is_null() {
                return "";
            }
            CStr::from_ptr(name).to_str().unwrap_or("")
        }
    }
}

/// A place in Wasm code that was active.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Frame {
    /// The function's index in its module.
    pub func_index: u32,
    /// The operator's byte in the function's body.
    pub func_offset: usize,
    /// The operator's byte in the module.
    pub module_offset: usize,
}

/// The end of an execution that went wrong; also what a host function returns to end the code that called it.
#[derive(Clone)]
pub struct Trap(pub(crate) Box<TrapData>);

#[derive(Clone)]
pub(crate) struct TrapData {
    pub kind: TrapKind,
    pub message: String,
    pub frames: Vec<Frame>,
    /// The library's trap where a new one wouldn't be the same when a host function returns it.
    pub original: Option<Arc<Handle>>,
    /// A wish to wait, not a trap.
    pub suspends: bool,
}

impl Trap {
    /// A trap for a host function to return.
    pub fn new(message: impl Into<String>) -> Trap {
        Trap(Box::new(TrapData {
            kind: TrapKind::Host,
            message: message.into(),
            frames: Vec::new(),
            original: None,
            suspends: false,
        }))
    }

    pub(crate) fn suspension() -> Trap {
        let mut trap = Trap::new("suspended");
        trap.0.suspends = true;
        trap
    }

    /// Why it trapped.
    pub fn kind(&self) -> TrapKind {
        self.0.kind
    }

    /// The same in words.
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// The Wasm code that was active, the innermost first.
    pub fn frames(&self) -> &[Frame] {
        &self.0.frames
    }
}

impl fmt::Display for Trap {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0.message)
    }
}

impl fmt::Debug for Trap {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Trap")
            .field("kind", &self.0.kind)
            .field("message", &self.0.message)
            .field("frames", &self.0.frames)
            .finish()
    }
}

impl std::error::Error for Trap {}

impl From<Error> for Trap {
    /// For `?` in host functions. A trap inside the error stays the trap that it is.
    fn from(error: Error) -> Trap {
        match error.0.trap {
            Some(trap) => trap,
            None => Trap::new(error.0.message),
        }
    }
}
