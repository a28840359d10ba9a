//! Finds the library: in the folder CANNERY_LIB_DIR, or where pkg-config says.

use std::env;
use std::path::Path;
use std::process::{exit, Command};

fn main() {
    println!("cargo:rerun-if-env-changed=CANNERY_LIB_DIR");
    println!("cargo:rerun-if-env-changed=PKG_CONFIG_PATH");
    println!("cargo:rerun-if-env-changed=DOCS_RS");
    // Documentation needs no library.
    if env::var_os("DOCS_RS").is_some() {
        return;
    }
    let library = if env::var_os("CARGO_FEATURE_CANISTER").is_some() { "cannery-canister" } else { "cannery" };
    let folders = match env::var("CANNERY_LIB_DIR") {
        Ok(folder) => vec![folder],
        Err(_) => from_pkg_config(library),
    };
    for folder in &folders {
        println!("cargo:rustc-link-search=native={folder}");
        // For this package's tests and examples; programs of others set theirs, from `DEP_CANNERY_LIB_DIR`.
        println!("cargo:rustc-link-arg=-Wl,-rpath,{folder}");
    }
    if let Some(folder) = folders.first() {
        let file = Path::new(folder).join(format!("lib{library}.so"));
        let dylib = Path::new(folder).join(format!("lib{library}.dylib"));
        if !file.exists() && !dylib.exists() {
            fail(&format!("{} isn't there", file.display()));
        }
        println!("cargo:rerun-if-changed={}", file.display());
        println!("cargo:lib_dir={folder}");
    }
    println!("cargo:rustc-link-lib=dylib={library}");
}

/// The folders that pkg-config names; none where the library is in a folder of the system.
fn from_pkg_config(library: &str) -> Vec<String> {
    let program = env::var("PKG_CONFIG").unwrap_or_else(|_| "pkg-config".into());
    let output = match Command::new(&program).args(["--libs-only-L", library]).output() {
        Ok(output) => output,
        Err(error) => fail(&format!("{program} can't be started: {error}")),
    };
    if !output.status.success() {
        fail(String::from_utf8_lossy(&output.stderr).trim());
    }
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    text.split_whitespace().filter_map(|option| option.strip_prefix("-L").map(String::from)).collect()
}

fn fail(why: &str) -> ! {
    eprintln!("The library of Cannery was not found: {why}");
    eprintln!("Install it with `tools/install --prefix FOLDER` of Cannery's source, and then");
    eprintln!("set PKG_CONFIG_PATH=FOLDER/lib/pkgconfig or CANNERY_LIB_DIR=FOLDER/lib.");
    exit(1);
}
