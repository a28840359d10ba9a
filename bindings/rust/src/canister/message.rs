//! What canisters are told: arguments, installations, calls.

use std::borrow::Cow;
use std::ffi::CString;

use super::ffi;
use super::outcome::to_cycles;
use super::principal::Principal;
use crate::error::Result;
use crate::func::c_string;

/// What a method, or installing, takes.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub enum Argument<'a> {
    /// The Candid message `()`.
    #[default]
    None,
    /// A message.
    Bytes(Cow<'a, [u8]>),
    /// Candid text, of the types that the canister's interface tells.
    Text(Cow<'a, str>),
}

impl<'a> Argument<'a> {
    /// A message.
    pub fn bytes(bytes: impl Into<Cow<'a, [u8]>>) -> Argument<'a> {
        Argument::Bytes(bytes.into())
    }

    /// Candid text, such as `(1, "x")`.
    pub fn text(text: impl Into<Cow<'a, str>>) -> Argument<'a> {
        Argument::Text(text.into())
    }

    /// Bytes, which aren't NULL even if there are none, and text.
    pub(super) fn raw(&self) -> Result<(Option<&[u8]>, Option<CString>)> {
        Ok(match self {
            Argument::None => (None, None),
            Argument::Bytes(bytes) => (Some(bytes), None),
            Argument::Text(text) => (None, Some(c_string(text)?)),
        })
    }
}

/// Whether there may be code already, and what becomes of what it kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum InstallMode {
    /// Into an empty canister.
    #[default]
    Install,
    /// In place of the code and of all that it kept.
    Reinstall,
    /// In place of the code, which may keep its stable memory.
    Upgrade,
}

/// What is installed.
#[derive(Clone, Debug, Default)]
pub struct Install<'a> {
    /// Binary, compressed, or text.
    pub module: Cow<'a, [u8]>,
    /// What becomes of what was there.
    pub mode: InstallMode,
    /// For `canister_init` or `canister_post_upgrade`.
    pub argument: Argument<'a>,
    /// `None` for the anonymous one.
    pub caller: Option<Principal>,
    /// Of an upgrade: whether `canister_pre_upgrade` is left out.
    pub skips_pre_upgrade: bool,
    /// Of an upgrade: whether the heap is kept.
    pub keeps_heap: bool,
}

impl<'a> Install<'a> {
    /// A module for an empty canister, without an argument.
    pub fn new(module: impl Into<Cow<'a, [u8]>>) -> Install<'a> {
        Install { module: module.into(), ..Install::default() }
    }
}

/// A call in all its details. All but canister and method can be left at their defaults.
#[derive(Clone, Debug)]
pub struct Call<'a> {
    /// Who is called.
    pub canister: Principal,
    /// What is called.
    pub method: Cow<'a, str>,
    /// What it takes.
    pub argument: Argument<'a>,
    /// `None` for the anonymous one.
    pub caller: Option<Principal>,
    /// Cycles that come with an update call, which no network allows.
    pub cycles: u128,
    /// Rounds that are executed at most until there is an answer; 0 for 1,000.
    pub rounds: u64,
    /// Nanoseconds that pass at most until there is an answer; 0 for 300 seconds.
    pub timeout: u64,
}

impl<'a> Call<'a> {
    /// A call by the anonymous principal.
    pub fn new(canister: Principal, method: impl Into<Cow<'a, str>>, argument: Argument<'a>) -> Call<'a> {
        Call { canister, method: method.into(), argument, caller: None, cycles: 0, rounds: 0, timeout: 0 }
    }

    /// Lends the call to the library.
    pub(super) fn with<R>(&self, body: impl FnOnce(&ffi::cannery_call_t) -> Result<R>) -> Result<R> {
        let method = c_string(&self.method)?;
        let (bytes, text) = self.argument.raw()?;
        body(&ffi::cannery_call_t {
            canister: &self.canister.0,
            method: method.as_ptr(),
            argument: bytes.map_or(std::ptr::null(), |bytes| bytes.as_ptr().cast()),
            argument_size: bytes.map_or(0, <[u8]>::len),
            argument_text: text.as_ref().map_or(std::ptr::null(), |text| text.as_ptr()),
            caller: self.caller.as_ref().map_or(std::ptr::null(), |caller| &caller.0),
            cycles: to_cycles(self.cycles),
            rounds: self.rounds,
            timeout: self.timeout,
        })
    }
}
