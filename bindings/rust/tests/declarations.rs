//! The declarations in `ffi` beside the headers' list of functions.

use std::collections::BTreeSet;
use std::path::Path;

fn declared(source: &str) -> BTreeSet<String> {
    let functions = source.split("pub fn ").skip(1);
    functions.map(|rest| rest.split('(').next().unwrap().to_string()).collect()
}

fn listed(path: &str) -> Option<BTreeSet<String>> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(path);
    // A package that was taken out of Cannery's source has no headers beside it.
    let text = std::fs::read_to_string(path).ok()?;
    Some(text.lines().map(String::from).collect())
}

#[test]
fn declarations_are_those_of_the_headers() {
    let declared = declared(include_str!("../src/ffi.rs"));
    assert!(declared.len() > 150);
    let Some(listed) = listed("Sources/CWasm/symbols.txt") else { return };
    let unknown: Vec<_> = declared.difference(&listed).collect();
    assert!(unknown.is_empty(), "no header declares {unknown:?}");
    let missing: Vec<_> = listed.difference(&declared).filter(|name| name.starts_with("cannery_")).collect();
    assert!(missing.is_empty(), "ffi doesn't declare {missing:?} of cannery.h");
}

#[test]
fn structures_are_as_large_as_in_c() {
    use cannery::ffi::*;
    use std::mem::{align_of, size_of};
    assert_eq!((size_of::<wasm_val_t>(), align_of::<wasm_val_t>()), (16, 8));
    assert_eq!((size_of::<wasm_limits_t>(), size_of::<cannery_limits_t>()), (8, 40));
    assert_eq!(size_of::<wasm_byte_vec_t>(), 2 * size_of::<usize>());
    // SAFETY: it only gives a number.
    assert_eq!(unsafe { cannery_abi() }, CANNERY_ABI);
}
