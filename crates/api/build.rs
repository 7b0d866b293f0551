//! Compiles the product's own protos in process: no `protoc` needed.

use std::error::Error;
use std::path::PathBuf;
use std::{env, fs};

use prost::Message;

const PROTOS: &str = "../../proto";

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo:rerun-if-changed={PROTOS}/aieffect");
    let files = ["pipelines", "runs", "nodes"].map(|name| format!("aieffect/v1/{name}.proto"));
    let files = protox::compile(files, [PROTOS])?;
    let out = PathBuf::from(env::var("OUT_DIR")?);
    fs::write(out.join("descriptors.bin"), files.encode_to_vec())?;
    tonic_prost_build::configure().bytes(".aieffect").compile_fds(files)?;
    Ok(())
}
