//! Calls that stop and go on.

use std::fmt;
use std::sync::Arc;

use crate::error::{Error, Result, Trap};
use crate::ffi;
use crate::func::{check_values, read_slots, write_slots, Func};
use crate::store::{Context, Returned, Shared};
use crate::types::FuncType;
use crate::value::Val;

/// How far an execution has come.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum State {
    /// It has ended with these results.
    Finished(Vec<Val>),
    /// It has ended by a trap.
    Trapped(Trap),
    /// [`Execution::resume`] goes on, with more instructions.
    OutOfInstructions,
    /// A host function [suspended](crate::Caller::suspend) it: [`Execution::resume_host`] goes on.
    Waiting,
    /// It was [interrupted](crate::Interrupt): [`Execution::run`] goes on.
    Interrupted,
}

impl State {
    /// The results, if it has ended with some.
    pub fn finished(self) -> Option<Vec<Val>> {
        match self {
            State::Finished(results) => Some(results),
            _ => None,
        }
    }
}

/// A call that can be limited, counted, stopped and resumed.
///
/// Its store is its own from its first step until it has ended or is dropped: other calls fail in the meantime. Like the store,
/// it can go to another thread.
pub struct Execution {
    raw: *mut ffi::cannery_execution_t,
    shared: Arc<Shared>,
    ty: FuncType,
}

// SAFETY: `raw` is used with the store's context only.
unsafe impl Send for Execution {}
// SAFETY: as above.
unsafe impl Sync for Execution {}

impl Execution {
    /// A call that may execute so many instructions until it is resumed; `None` is no limit. Instructions are counted only by
    /// engines with [metering](crate::Config::metering).
    pub fn new(context: &mut Context, function: &Func, args: &[Val], instructions: Option<u64>) -> Result<Execution> {
        let raw_function = function.raw(context);
        let ty = function.ty(context).clone();
        check_values(context, ty.params(), args)?;
        let instructions = instructions.unwrap_or(ffi::CANNERY_UNLIMITED);
        let mut raw = std::ptr::null_mut();
        // SAFETY: arguments are lent, and fit; `raw` is ours where there is no error.
        unsafe {
            if ty.params().iter().any(|ty| ty.is_reference()) {
                let mut values: Vec<_> = args.iter().map(Val::to_raw).collect();
                let args = ffi::wasm_val_vec_t { size: values.len(), data: values.as_mut_ptr() };
                Error::check(ffi::cannery_execution_new(raw_function, &args, instructions, &mut raw))?;
            } else {
                let mut slots = vec![0; ty.slots()];
                write_slots(args, &mut slots);
                Error::check(ffi::cannery_execution_new_slots(
                    raw_function,
                    slots.as_ptr(),
                    slots.len(),
                    instructions,
                    &mut raw,
                ))?;
            }
        }
        Ok(Execution { raw, shared: context.shared().clone(), ty })
    }

    fn check(&self, context: &Context) -> *mut ffi::cannery_execution_t {
        assert!(Arc::ptr_eq(&self.shared, context.shared()), "this belongs to another store");
        context.raw();
        self.raw
    }

    /// Starts, or goes on after an interrupt. A panic of a host function goes on here, after which the execution has ended.
    pub fn run(&mut self, context: &mut Context) -> Result<State> {
        let raw = self.check(context);
        // SAFETY: we have the store.
        self.step(context, |state| unsafe { ffi::cannery_execution_run(raw, state) })
    }

    /// Goes on, with so many instructions from here on.
    pub fn resume(&mut self, context: &mut Context, instructions: u64) -> Result<State> {
        let raw = self.check(context);
        // SAFETY: we have the store.
        self.step(context, |state| unsafe { ffi::cannery_execution_resume(raw, instructions, state) })
    }

    /// Goes on with the results of the host function that waits.
    pub fn resume_host(&mut self, context: &mut Context, results: &[Val]) -> Result<State> {
        let raw = self.check(context);
        for value in results {
            value.check_store(context)?;
            if let Val::V128(_) = value {
                return Err(Error::argument("a function that waits can't be given vectors"));
            }
        }
        let mut values: Vec<_> = results.iter().map(Val::to_raw).collect();
        let vector = ffi::wasm_val_vec_t { size: values.len(), data: values.as_mut_ptr() };
        // SAFETY: we have the store; the results are lent.
        self.step(context, |state| unsafe {
            ffi::cannery_execution_resume_host(raw, &vector, std::ptr::null_mut(), state)
        })
    }

    /// Goes on as if the host function that waits had returned a trap.
    pub fn resume_host_with_trap(&mut self, context: &mut Context, trap: &Trap) -> Result<State> {
        let raw = self.check(context);
        // SAFETY: we have the store; the trap is handed over.
        self.step(context, |state| unsafe {
            let trap = context.shared().give_trap(trap, std::ptr::null_mut());
            ffi::cannery_execution_resume_host(raw, std::ptr::null(), trap, state)
        })
    }

    fn step(
        &self,
        context: &Context,
        body: impl FnOnce(&mut ffi::cannery_state_t) -> *mut ffi::cannery_error_t,
    ) -> Result<State> {
        let mut state = 0;
        // SAFETY: the error is ours; so are results and traps.
        unsafe {
            Error::check(body(&mut state))?;
            Ok(match state {
                0 => State::Finished(self.results(context)),
                1 => match context.outcome(ffi::cannery_execution_trap(self.raw)) {
                    Err(trap) => State::Trapped(trap),
                    Ok(()) => State::Trapped(Trap::new("the execution trapped")),
                },
                2 => State::OutOfInstructions,
                3 => State::Waiting,
                _ => State::Interrupted,
            })
        }
    }

    fn results(&self, context: &Context) -> Vec<Val> {
        let types = self.ty.results();
        // SAFETY: the slots are as many as there are; the values are copied, and what they own is taken over.
        unsafe {
            if types.iter().any(|ty| ty.is_reference()) {
                let mut out = ffi::wasm_val_vec_t { size: 0, data: std::ptr::null_mut() };
                ffi::cannery_execution_results(self.raw, &mut out);
                let count = if out.data.is_null() { 0 } else { out.size };
                let values = (0..count)
                    .map(|index| {
                        let value = std::mem::replace(&mut *out.data.add(index), Val::I32(0).to_raw());
                        Val::from_raw(&value, context)
                    })
                    .collect();
                ffi::wasm_val_vec_delete(&mut out);
                return values;
            }
            let mut slots = vec![0; self.ty.slots()];
            ffi::cannery_execution_result_slots(self.raw, slots.as_mut_ptr(), slots.len());
            read_slots(types, &slots)
        }
    }

    /// Instructions so far, of all slices.
    pub fn instructions(&self, context: &Context) -> u64 {
        // SAFETY: we have the store.
        unsafe { ffi::cannery_execution_instructions(self.check(context)) }
    }
}

impl Drop for Execution {
    /// An execution that hasn't ended never will. Where writes are tracked, what it wrote is undone.
    fn drop(&mut self) {
        self.shared.give_back(Returned::Execution(self.raw));
    }
}

impl fmt::Debug for Execution {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Execution").field("ty", &self.ty).finish_non_exhaustive()
    }
}
