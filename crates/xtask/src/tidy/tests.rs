//! Each rule, on a tree small enough to see that it bites, and where.

use super::crates::Arrow;
use super::tree::Tree;

const MANIFEST: &str = r#"[package]
name = "domain"
description = "Nouns"
version.workspace = true
edition.workspace = true
rust-version.workspace = true
license.workspace = true
publish.workspace = true

[lints]
workspace = true
"#;

const ARROWS: &[Arrow] = &[
    Arrow { from: "domain", to: &[], tests_to: &[] },
    Arrow { from: "ingest", to: &["domain"], tests_to: &["store"] },
    Arrow { from: "store", to: &["domain"], tests_to: &[] },
    Arrow { from: "testkit", to: &[], tests_to: &[] },
];

/// Checks a tree of literal files; `expected` are the beginnings of the complaints, in order.
#[track_caller]
fn check(files: &[(&str, &str)], expected: &[&str]) {
    let found: Vec<String> =
        super::complaints(&Tree::of(files), ARROWS).iter().map(ToString::to_string).collect();
    let as_expected =
        found.len() == expected.len() && found.iter().zip(expected).all(|(it, start)| it.starts_with(start));
    assert!(as_expected, "found:\n{}\nexpected:\n{}", found.join("\n"), expected.join("\n"));
}

/// Checks one crate `domain`, whose manifest is in order, with these files.
#[track_caller]
fn check_domain(files: &[(&str, &str)], expected: &[&str]) {
    let mut all = vec![("crates/domain/Cargo.toml", MANIFEST)];
    all.extend(files);
    check(&all, expected);
}

fn manifest(name: &str, rest: &str) -> String {
    format!("{}\n{rest}", MANIFEST.replace("\"domain\"", &format!("\"{name}\"")))
}

#[test]
fn a_tree_in_order_has_no_complaints() {
    check_domain(
        &[
            ("crates/domain/src/lib.rs", "//! Nouns.\n\nmod money;\n\n#[cfg(test)]\nmod tests;\n"),
            ("crates/domain/src/money.rs", "//! Money.\n\n#[cfg(test)]\nmod tests {\n    use std::fs;\n}\n"),
            ("crates/domain/src/tests.rs", "//! Tests, which may read files: `std::fs`.\n\nuse std::fs;\n"),
            ("ARCHITECTURE.md", "`crates/domain` holds the nouns. [It](crates/domain/src/lib.rs#nouns)"),
        ],
        &[],
    );
}

#[test]
fn arrows_point_up() {
    let domain = manifest("domain", "[dependencies]\ningest.workspace = true\nserde = \"1\"\n");
    let ingest =
        manifest("ingest", "[dependencies]\ndomain.workspace = true\nstore = { path = \"../store\" }\n");
    let store = manifest("store", "[dev-dependencies]\ntestkit.workspace = true\ningest.workspace = true\n");
    let testkit = manifest("testkit", "");
    check(
        &[
            ("crates/domain/Cargo.toml", &domain),
            ("crates/ingest/Cargo.toml", &ingest),
            ("crates/store/Cargo.toml", &store),
            ("crates/testkit/Cargo.toml", &testkit),
        ],
        &[
            "crates/domain/Cargo.toml:14: `domain` uses `ingest` (dependencies), an arrow that",
            "crates/ingest/Cargo.toml:15: `ingest` uses `store` (dependencies), an arrow that",
            "crates/store/Cargo.toml:15: `store` uses `ingest` (dev-dependencies), an arrow that",
        ],
    );
    let ingest = manifest("ingest", "[dev-dependencies]\nstore.workspace = true\n");
    check(&[("crates/ingest/Cargo.toml", &ingest), ("crates/store/Cargo.toml", &manifest("store", ""))], &[]);
}

#[test]
fn a_crate_has_a_row_in_the_table_and_in_the_code_map() {
    check(
        &[("ARCHITECTURE.md", "Nothing."), ("crates/common/Cargo.toml", &manifest("common", ""))],
        &[
            "ARCHITECTURE.md:1: `crates/common` is not in the code map",
            "crates/common/Cargo.toml:1: crate `common` has no row",
        ],
    );
}

#[test]
fn a_manifest_inherits_the_house() {
    check(
        &[(
            "crates/domain/Cargo.toml",
            "[package]\nname = \"nouns\"\npublish = true\nversion.workspace = true\n",
        )],
        &[
            "crates/domain/Cargo.toml:1: edition is not the workspace's",
            "crates/domain/Cargo.toml:1: license is not the workspace's",
            "crates/domain/Cargo.toml:1: no description",
            "crates/domain/Cargo.toml:1: no workspace lints",
            "crates/domain/Cargo.toml:1: rust-version is not the workspace's",
            "crates/domain/Cargo.toml:2: the crate is not named as its folder",
            "crates/domain/Cargo.toml:3: publish is not the workspace's",
        ],
    );
    check(
        &[("crates/domain/Cargo.toml", "[package\n")],
        &["crates/domain/Cargo.toml:1: no manifest that can be read"],
    );
}

#[test]
fn a_pure_crate_does_no_io() {
    check_domain(
        &[(
            "crates/domain/src/lib.rs",
            "//! Nouns.\nuse std::{\n    fmt,\n    fs,\n};\nuse std::time::{Duration, Instant};\n\
             fn a() { std::env::args(); }\nfn b() -> tokio::Runtime {}\nfn c() { Zoned::now() }\n\
             // std::net in a comment\nfn d() { \"std::net\" }\nfn standard_std_fs_like() {}\n",
        )],
        &[
            "crates/domain/src/lib.rs:2: `std::fs` in crates/domain/, and a pure crate does no I/O",
            "crates/domain/src/lib.rs:6: `time::Instant` in crates/domain/, and a pure crate reads no clock",
            "crates/domain/src/lib.rs:7: `std::env` in",
            "crates/domain/src/lib.rs:8: `tokio` in",
            "crates/domain/src/lib.rs:9: `Zoned::now` in",
        ],
    );
}

#[test]
fn no_float_touches_money() {
    check_domain(
        &[("crates/domain/src/lib.rs", "//! Nouns.\nfn a(b: f64) {}\nfn xf64() {}\n")],
        &["crates/domain/src/lib.rs:2: `f64` in crates/domain/, and no float touches money"],
    );
}

#[test]
fn sql_and_other_programs_have_one_room_each() {
    let foreign = "//! Foreign.\nuse rusqlite::Connection;\n";
    check(
        &[
            ("crates/ingest/Cargo.toml", &manifest("ingest", "")),
            (
                "crates/ingest/src/lib.rs",
                "//! Logs.\nmod logs;\nuse rusqlite::Row;\nuse std::process::{self, Command};\n",
            ),
            ("crates/ingest/src/logs.rs", "//! Tools.\nmod opencode;\nfn a() { process::Command::new() }\n"),
            ("crates/ingest/src/logs/opencode.rs", foreign),
            ("crates/store/Cargo.toml", &manifest("store", "")),
            ("crates/store/src/lib.rs", foreign),
        ],
        &[
            "crates/ingest/src/lib.rs:3: `rusqlite` in crates/ingest/, and SQL lives in store",
            "crates/ingest/src/lib.rs:4: `process::Command` in crates/ingest/, and only attribution starts",
            "crates/ingest/src/logs.rs:3: `process::Command` in",
        ],
    );
}

#[test]
fn no_file_is_forgotten() {
    check_domain(
        &[
            ("crates/domain/src/lib.rs", "//! Nouns.\nmod money;\n// mod usage;\n"),
            ("crates/domain/src/money.rs", "//! Money.\nmod tests;\n"),
            ("crates/domain/src/money/tests.rs", "//! Tests.\n"),
            ("crates/domain/src/tests.rs", "//! Forgotten tests.\n"),
            ("crates/domain/src/usage.rs", "//! Usage.\n"),
        ],
        &[
            "crates/domain/src/tests.rs:1: no `mod` leads to this file",
            "crates/domain/src/usage.rs:1: no `mod` leads to this file",
        ],
    );
}

#[test]
fn integration_tests_are_one_binary() {
    let tests = &[
        ("crates/domain/src/lib.rs", "//! Nouns.\n"),
        ("crates/domain/tests/main.rs", "//! Tests.\nmod golden;\n"),
        ("crates/domain/tests/golden.rs", "//! Golden.\n"),
        ("crates/domain/tests/stray.rs", "//! Stray.\n"),
    ];
    check_domain(
        tests,
        &[
            "crates/domain/tests/golden.rs:1: cargo makes this a test binary of its own",
            "crates/domain/tests/stray.rs:1: cargo makes this a test binary of its own",
            "crates/domain/tests/stray.rs:1: no `mod` leads to this file",
        ],
    );
    let own = MANIFEST.replace("[package]", "[package]\nautotests = false");
    let mut all = vec![("crates/domain/Cargo.toml", own.as_str())];
    all.extend(tests);
    check(&all, &["crates/domain/tests/stray.rs:1: no `mod` leads to this file"]);
}

#[test]
fn no_test_is_ignored() {
    check_domain(
        &[(
            "crates/domain/src/lib.rs",
            "//! Nouns.\n#[cfg(test)]\nmod tests {\n#[test]\n#[ignore = \"slow\"]\nfn a() {}\n}\n",
        )],
        &["crates/domain/src/lib.rs:5: an ignored test"],
    );
}

#[test]
fn every_file_has_a_header() {
    check_domain(
        &[("crates/domain/src/lib.rs", "pub fn a() {}\n"), ("fuzz/lines.rs", "#![no_main]\n")],
        &["crates/domain/src/lib.rs:1: no header", "fuzz/lines.rs:1: no header"],
    );
}

#[test]
fn nothing_is_left_over() {
    let unfinished =
        concat!("//! Nouns. FIX", "ME\nfn a() { todo", "!() }\nfn b() { dbg", "!(1); } // \"dbg", "!(\"\n");
    check_domain(
        &[
            ("Makefile", concat!("# TO", "DO later\nTO", "DOS = 1\n")),
            ("crates/domain/src/lib.rs", unfinished),
            ("docs/style.md", concat!("No TO", "DO is left.")),
        ],
        &[
            concat!("Makefile:1: `TO", "DO`, and unfinished work"),
            concat!("crates/domain/src/lib.rs:1: `FIX", "ME`"),
            concat!("crates/domain/src/lib.rs:2: `todo", "!(`"),
            concat!("crates/domain/src/lib.rs:3: `dbg", "!(`"),
        ],
    );
}

#[test]
fn exceptions_are_expected_not_allowed() {
    let allow =
        concat!("//! Nouns.\n#![", "allow(a)]\n#[", "allow(b)]\nfn a() {}\n#[expect(c)]\nfn b() {}\n");
    check_domain(
        &[("crates/domain/src/lib.rs", allow)],
        &["crates/domain/src/lib.rs:2: `#![", "crates/domain/src/lib.rs:3: `#["],
    );
}

#[test]
fn no_file_is_too_long() {
    let long = |shipped: usize, tests: usize| {
        let body = "fn a() {}\n".repeat(shipped);
        format!("//! Nouns.\n{body}#[cfg(test)]\nmod tests {{\n{}}}\n", "fn b() {}\n".repeat(tests))
    };
    check_domain(&[("crates/domain/src/lib.rs", &long(799, 5_000))], &[]);
    check_domain(
        &[("crates/domain/src/lib.rs", &long(800, 0)), ("bench/a.py", &"a\n".repeat(801))],
        &["bench/a.py:801: 801 lines without tests, 800 at most", "crates/domain/src/lib.rs:801: 801 lines"],
    );
}

#[test]
fn no_machine_is_named() {
    let paths =
        concat!("cd /ro", "ot/a\ncd ~/wo", "rk/a\nuse /wo", "rk/main\nalex/wo", "rk/b\n{a}/wo", "rk/c\n");
    check(
        &[
            ("Cargo.lock", concat!("crates", ".io")),
            ("bench/a.sh", paths),
            ("docs/a.md", concat!("from crates", ".io,")),
        ],
        &[
            concat!("bench/a.sh:1: `/ro", "ot/`"),
            concat!("bench/a.sh:3: `/wo", "rk/`"),
            concat!("docs/a.md:1: `crates", ".io`"),
        ],
    );
}

#[test]
fn links_lead_somewhere() {
    let page = "[a](../LICENSE) [b](b.md#c) [c](https://example.com) [d](#e) [f](f.md)\n\
                `[g](g.md)` [h](../../h) [i](../docs/)\n```\n[j](j.md)\n```\n";
    check(
        &[("LICENSE", ""), ("docs/a.md", page), ("docs/b.md", "")],
        &["docs/a.md:1: `f.md` leads nowhere", "docs/a.md:2: `../../h` leads nowhere"],
    );
}

#[test]
fn pages_are_found_from_the_index_and_from_comments() {
    check_domain(
        &[
            ("crates/domain/src/lib.rs", "//! Nouns: `docs/nouns.md` and `docs/verbs.md`.\n"),
            ("docs/README.md", "[Nouns](nouns.md)"),
            ("docs/nouns.md", "# Nouns"),
            ("docs/adverbs.md", "# Adverbs"),
        ],
        &[
            "crates/domain/src/lib.rs:1: `docs/verbs.md` leads nowhere",
            "docs/adverbs.md:1: no link in docs/README.md",
        ],
    );
}
