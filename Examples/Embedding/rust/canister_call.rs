//! A canister in the built-in runtime: it is made, gets its code, and is called.
//!   canister_call canister-call.wat
//! Needs the crate's feature `canister`.

use cannery::canister::{Answer, Argument, Install, Outcome, Runtime, RuntimeConfig};

/// Prints what became of a message: the reply as Candid text, or the first line of why there is none.
fn print(method: &str, outcome: &Outcome) {
    match &outcome.answer {
        Answer::Replied(reply) => println!(
            "{method}: {}",
            reply.text.as_deref().unwrap_or("no Candid message")
        ),
        Answer::Rejected(reject) => println!("{method}: {reject}"),
        _ => println!("{method}: no answer yet"),
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let path = std::env::args()
        .nth(1)
        .ok_or("usage: canister_call MODULE")?;
    let mut runtime = Runtime::new(&RuntimeConfig::new())?;
    // An empty canister, with the cycles that a local network gives.
    let canister = runtime.create()?;
    // A reject is no error of the library, but here it ends the program like one.
    runtime
        .install(canister, Install::new(std::fs::read(path)?))?
        .reply()?;

    print(
        "increment",
        &runtime.call(canister, "increment", Argument::None)?,
    );
    let second = runtime.call(canister, "increment", Argument::None)?;
    print("increment", &second);
    // A message that fails leaves no trace …
    print("fail", &runtime.call(canister, "fail", Argument::None)?);
    // … so that a query sees what was there before.
    print("get", &runtime.query(canister, "get", Argument::None)?);
    println!(
        "instructions of the second increment: {}",
        second.activity.instructions()
    );
    Ok(())
}
