//! Principals, and Candid as text and as bytes.

use std::ffi::{c_uint, CStr};
use std::fmt;
use std::os::raw::c_char;
use std::str::FromStr;

use super::ffi;
use crate::engine::take_bytes;
use crate::error::{Error, Result};
use crate::func::c_string;

/// The name of a canister or user: at most 29 bytes. Without bytes it is the management canister.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Principal(pub(crate) ffi::cannery_principal_t);

impl Principal {
    /// The management canister, `aaaaa-aa`.
    pub const MANAGEMENT: Principal = Principal(ffi::cannery_principal_t { size: 0, bytes: [0; 29] });

    /// The principal of these bytes; fails for more than 29.
    pub fn from_bytes(bytes: &[u8]) -> Result<Principal> {
        let mut principal = Principal::MANAGEMENT;
        match principal.0.bytes.get_mut(..bytes.len()) {
            Some(place) => place.copy_from_slice(bytes),
            None => return Err(Error::argument("a principal has at most 29 bytes")),
        }
        principal.0.size = bytes.len() as u8;
        Ok(principal)
    }

    /// The caller who doesn't say who it is.
    pub fn anonymous() -> Principal {
        let mut principal = Principal::MANAGEMENT;
        // SAFETY: it only writes what it is given.
        unsafe { ffi::cannery_principal_anonymous(&mut principal.0) };
        principal
    }

    /// The canister with this number, as the network forms its id.
    pub fn canister(number: u64) -> Principal {
        let mut principal = Principal::MANAGEMENT;
        // SAFETY: it only writes what it is given.
        unsafe { ffi::cannery_principal_canister(number, &mut principal.0) };
        principal
    }

    /// The principal's bytes.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0.bytes[..usize::from(self.0.size).min(29)]
    }
}

impl FromStr for Principal {
    type Err = Error;
    fn from_str(text: &str) -> Result<Principal> {
        let text = c_string(text)?;
        let mut principal = Principal::MANAGEMENT;
        // SAFETY: the text is lent for the call.
        unsafe { Error::check(ffi::cannery_principal_parse(text.as_ptr(), &mut principal.0))? };
        Ok(principal)
    }
}

impl fmt::Display for Principal {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text: [c_char; 64] = [0; 64];
        // SAFETY: the longest text fits, and has a zero at its end.
        let text = unsafe {
            ffi::cannery_principal_format(&self.0, text.as_mut_ptr());
            CStr::from_ptr(text.as_ptr())
        };
        out.write_str(&text.to_string_lossy())
    }
}

impl fmt::Debug for Principal {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "Principal({self})")
    }
}

/// Of a method, what is encoded or decoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// What it takes.
    Arguments,
    /// What it gives.
    Results,
}

/// An interface: what a `.did` file says of a canister's methods.
pub struct Candid(pub(crate) *mut ffi::cannery_candid_t);

// SAFETY: an interface is plain data, which nobody changes.
unsafe impl Send for Candid {}
// SAFETY: as above.
unsafe impl Sync for Candid {}

impl Candid {
    /// Reads a `.did` file, without imports. The error's offset is the byte that is wrong.
    pub fn new(did: &str) -> Result<Candid> {
        let mut raw = std::ptr::null_mut();
        // SAFETY: the text is lent for the call; the result is ours.
        unsafe { Error::check(ffi::cannery_candid_new(did.as_ptr().cast(), did.len(), &mut raw))? };
        Ok(Candid(raw))
    }

    /// What a canister's module says of itself.
    pub fn of_module(module: impl AsRef<[u8]>) -> Result<Candid> {
        let (bytes, mut raw) = (module.as_ref(), std::ptr::null_mut());
        // SAFETY: the bytes are lent for the call; the result is ours.
        unsafe { Error::check(ffi::cannery_candid_of_module(bytes.as_ptr().cast(), bytes.len(), &mut raw))? };
        Ok(Candid(raw))
    }

    /// The methods' names, in order, and whether they are queries.
    pub fn methods(&self) -> Vec<(String, bool)> {
        // SAFETY: names live as long as the interface.
        unsafe {
            (0..ffi::cannery_candid_method_count(self.0))
                .map(|index| {
                    let name = text(ffi::cannery_candid_method_name(self.0, index)).unwrap_or_default();
                    (name, ffi::cannery_candid_method_is_query(self.0, index))
                })
                .collect()
        }
    }

    /// The message of a text such as `(1, "x")`, of the types of a method; without one, of what installing takes.
    pub fn encode(&self, method: Option<&str>, side: Side, text: &str) -> Result<Vec<u8>> {
        encode(self.0, method, side, text)
    }

    /// The text of a message, likewise.
    pub fn decode(&self, method: Option<&str>, side: Side, message: &[u8]) -> Result<String> {
        decode(self.0, method, side, message)
    }
}

impl Drop for Candid {
    fn drop(&mut self) {
        // SAFETY: it was ours.
        unsafe { ffi::cannery_candid_delete(self.0) }
    }
}

impl fmt::Debug for Candid {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Candid").field("methods", &self.methods()).finish()
    }
}

/// The Candid message of a text such as `(1 : nat64, "x")`, of the types that the values have of themselves.
pub fn candid_encode(text: &str) -> Result<Vec<u8>> {
    encode(std::ptr::null(), None, Side::Arguments, text)
}

/// The text of a Candid message. Fields are numbers: their names are in an interface.
pub fn candid_decode(message: &[u8]) -> Result<String> {
    decode(std::ptr::null(), None, Side::Arguments, message)
}

fn encode(candid: *const ffi::cannery_candid_t, method: Option<&str>, side: Side, text: &str) -> Result<Vec<u8>> {
    let (method, text) = (method.map(c_string).transpose()?, c_string(text)?);
    let method = method.as_ref().map_or(std::ptr::null(), |method| method.as_ptr());
    let mut out = crate::ffi::wasm_byte_vec_t { size: 0, data: std::ptr::null_mut() };
    // SAFETY: the texts are lent for the call; the result is ours.
    unsafe { Error::check(ffi::cannery_candid_encode(candid, method, side as c_uint, text.as_ptr(), &mut out))? };
    Ok(take_bytes(out))
}

fn decode(candid: *const ffi::cannery_candid_t, method: Option<&str>, side: Side, message: &[u8]) -> Result<String> {
    let method = method.map(c_string).transpose()?;
    let method = method.as_ref().map_or(std::ptr::null(), |method| method.as_ptr());
    let mut out = crate::ffi::wasm_byte_vec_t { size: 0, data: std::ptr::null_mut() };
    // SAFETY: text and message are lent for the call; the result is ours.
    unsafe {
        Error::check(ffi::cannery_candid_decode(
            candid,
            method,
            side as c_uint,
            message.as_ptr().cast(),
            message.len(),
            &mut out,
        ))?;
    }
    let mut bytes = take_bytes(out);
    if bytes.last() == Some(&0) {
        bytes.pop();
    }
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// A copy of a text of the library's; none for NULL.
///
/// # Safety
/// `text` must be NULL, or end with a zero.
pub(crate) unsafe fn text(text: *const c_char) -> Option<String> {
    // SAFETY: as above.
    (!text.is_null()).then(|| unsafe { CStr::from_ptr(text) }.to_string_lossy().into_owned())
}
