//! Prints the description of the API:
//! `cargo run --package server --example openapi > web/openapi.json`.

use std::error::Error;
use std::io::Write as _;

fn main() -> Result<(), Box<dyn Error>> {
    writeln!(std::io::stdout().lock(), "{}", server::openapi_json()?)?;
    Ok(())
}
