//! Takes the page that stands built in `web/dist` into the program, packed as it goes
//! over the wire. Where it was not built, the program has none and says so.
//!
//! It never runs npm: whoever has no node builds everything but the page.

use std::error::Error;
use std::fmt::Write as _;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use flate2::Compression;
use flate2::write::GzEncoder;

/// Where Vite leaves the page.
const DIST: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../web/dist");
/// The folder of files whose names change with what they hold.
const HASHED: &str = "assets/";
/// The most that the page may take of the program, packed.
const MAX_BYTES: usize = 4 * 1_024 * 1_024;
/// Below this nothing is packed: the head of a gzip file would eat what it saves.
const MIN_PACKED: usize = 256;

/// Kinds of file, and whether they get smaller.
const KINDS: [(&str, &str, bool); 9] = [
    ("html", "text/html; charset=utf-8", true),
    ("js", "text/javascript; charset=utf-8", true),
    ("css", "text/css; charset=utf-8", true),
    ("svg", "image/svg+xml", true),
    ("json", "application/json", true),
    ("webmanifest", "application/manifest+json", true),
    ("txt", "text/plain; charset=utf-8", true),
    ("png", "image/png", false),
    ("woff2", "font/woff2", false),
];

fn main() -> Result<(), Box<dyn Error>> {
    let out = out_folder().ok_or("cargo names no OUT_DIR")?;
    println!("cargo::rerun-if-changed=build.rs");
    let dist = Path::new(DIST);
    let mut files = Vec::new();
    if dist.is_dir() {
        println!("cargo::rerun-if-changed={DIST}");
        list(dist, &mut files)?;
        files.sort();
    }
    let (mut table, mut sum) = (String::from("&[\n"), 0_usize);
    for (number, path) in files.iter().enumerate() {
        let name = path.strip_prefix(dist)?.to_str().ok_or("a file of the page has a strange name")?;
        let name = name.replace('\\', "/");
        let Some((kind, may_shrink)) = kind_of(&name)? else { continue };
        let plain = fs::read(path)?;
        let packed = (may_shrink && plain.len() >= MIN_PACKED).then(|| gzip(&plain)).transpose()?;
        let bytes = packed.as_ref().unwrap_or(&plain);
        sum = sum.saturating_add(bytes.len());
        fs::write(out.join(number.to_string()), bytes)?;
        writeln!(
            table,
            "    Asset {{ path: {name:?}, kind: {kind:?}, packed: {}, hashed: {}, \
             bytes: include_bytes!(concat!(env!(\"OUT_DIR\"), \"/{number}\")) }},",
            packed.is_some(),
            name.starts_with(HASHED),
        )?;
    }
    if sum > MAX_BYTES {
        return Err(
            format!("the page in web/dist has {sum} bytes; the program takes at most {MAX_BYTES}").into()
        );
    }
    table.push_str("]\n");
    fs::write(out.join("page.rs"), table)?;
    Ok(())
}

#[expect(clippy::disallowed_methods, reason = "cargo tells a build script by the environment alone")]
fn out_folder() -> Option<PathBuf> {
    std::env::var_os("OUT_DIR").map(PathBuf::from)
}

fn list(folder: &Path, files: &mut Vec<PathBuf>) -> Result<(), std::io::Error> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            list(&entry.path(), files)?;
        } else {
            files.push(entry.path());
        }
    }
    Ok(())
}

/// The kind of a file, and whether it gets smaller; nothing for what browsers never ask for.
fn kind_of(name: &str) -> Result<Option<(&'static str, bool)>, String> {
    if name.ends_with(".map") {
        return Ok(None);
    }
    let known = KINDS.iter().find(|it| name.rsplit_once('.').is_some_and(|(_, end)| end == it.0));
    match known {
        Some((_, kind, may_shrink)) => Ok(Some((kind, *may_shrink))),
        None => {
            Err(format!("web/dist/{name} is of no kind that crates/server/build.rs knows; add it to KINDS"))
        }
    }
}

fn gzip(plain: &[u8]) -> Result<Vec<u8>, std::io::Error> {
    let mut packed = GzEncoder::new(Vec::new(), Compression::best());
    packed.write_all(plain)?;
    packed.finish()
}
