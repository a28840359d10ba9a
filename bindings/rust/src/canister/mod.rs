//! Canisters, the programs of the Internet Computer, in Cannery's runtime.
//!
//! ```no_run
//! use cannery::canister::{Argument, Install, Runtime, RuntimeConfig};
//!
//! let mut runtime = Runtime::new(&RuntimeConfig::new())?;
//! let canister = runtime.create()?;
//! runtime.install(canister, Install::new(std::fs::read("counter.wasm")?))?.reply()?;
//! let reply = runtime.call(canister, "increment", Argument::None)?.reply()?;
//! println!("{}", reply.text.unwrap_or_default());
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

#[allow(missing_docs)]
pub mod ffi;
mod message;
mod outcome;
mod principal;
mod runtime;
mod settings;

pub use message::{Argument, Call, Install, InstallMode};
pub use outcome::{Activity, Answer, ExecutionReport, LogRecord, Outcome, Reject, RejectCode, Reply};
pub use principal::{candid_decode, candid_encode, Candid, Principal, Side};
pub use runtime::{CanisterState, CanisterStatus, Runtime};
pub use settings::{RuntimeConfig, Settings};
