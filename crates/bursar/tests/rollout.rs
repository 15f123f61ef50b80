//! What is printed for a company's machines.

use serde_json::Value;

use crate::machine::{Machine, Run};

const SERVER: &str = "https://bursar.example.com";

#[test]
fn claude_codes_settings_in_every_form() {
    let machine = Machine::new();
    let rollout = ["rollout", "claude-code", "--server", SERVER, "--team", "core payments"];
    let gateway = [&rollout[..], &["--gateway", "https://gateway.example.com"]].concat();
    let mut shown = machine.show(&gateway);
    for form in ["plist", "mobileconfig", "registry", "script", "shell"] {
        shown.extend(["\n", form, "\n", &machine.show(&[&rollout[..], &["--form", form]].concat())]);
    }
    insta::assert_snapshot!("rollout_claude_code", shown.replace('\r', ""));
    let settings: Value = serde_json::from_str(machine.run(&rollout).done()).expect("JSON");
    assert!(settings["env"].get("ANTHROPIC_BASE_URL").is_none());
    let settings = machine.run(&[&rollout[..], &["--program", "/opt/my tools/bursar"]].concat()).json();
    assert_eq!(settings["otelHeadersHelper"], "'/opt/my tools/bursar' rollout headers");
    assert_eq!(settings["statusLine"]["command"], "'/opt/my tools/bursar' statusline");
    let hook = &settings["hooks"]["Stop"][0]["hooks"][0];
    assert_eq!(hook["command"], "'/opt/my tools/bursar' hook claude-code");
}

#[test]
fn what_cannot_be_rolled_out() {
    let machine = Machine::new();
    let mut shown = String::new();
    for arguments in [
        &["rollout", "claude-code"][..],
        &["rollout", "claude-code", "--server", "http://bursar.example.com"],
        &["rollout", "claude-code", "--server", SERVER, "--gateway", "gateway"],
        &["rollout", "claude-code", "--server", SERVER, "--program", "bursar; reboot"],
        &["collect", "--server", SERVER, "--developer", "ada"],
        &["collect", "--server", SERVER, "--ca", "missing.pem"],
        &["collect"],
    ] {
        shown.extend([&arguments.join(" "), "\n", &machine.show(arguments), "\n"]);
    }
    insta::assert_snapshot!("rollout_refusals", shown);
}

#[test]
fn the_helper_of_telemetry_prints_the_token_and_never_fails() {
    let machine = Machine::new();
    let without = machine.run(&["rollout", "headers"]);
    assert_eq!((without.code, without.stdout.as_str()), (0, "{}\n"));
    assert!(without.stderr.starts_with("bursar: there is no token: put one"), "{}", without.stderr);
    let mut with_token = machine.bursar(&["rollout", "headers"]);
    let run = Run::to_end(with_token.env("BURSAR_TOKEN", "bsr_a_b"));
    assert_eq!(run.done(), "{\"Authorization\":\"Bearer bsr_a_b\"}\n");
}

#[test]
fn a_collector_is_set_up() {
    let machine = Machine::new();
    let install = |more: &[&str]| {
        let mut command = machine.bursar(&[&["collect", "install", "--server", SERVER][..], more].concat());
        command.env("BURSAR_TOKEN", "bsr_test_secret").env("CODEX_HOME", r#"/srv/100% <$ada>\"s"#);
        command.env("CLAUDE_CONFIG_DIR", "/srv/one, two").env("CLINE_DIR", "");
        let run = Run::to_end(&mut command);
        let program = env!("CARGO_BIN_EXE_bursar");
        machine.shown(&run).replace(program, "[BURSAR]")
    };
    let mut shown = install(&["--print", "--by", "systemd", "--token-file", "company's 100% $token"]);
    shown.push_str(&install(&["--print", "--by", "launchd"]));
    let unit = machine.path("config/systemd/user/bursar-collect.service");
    assert!(!unit.exists() && !machine.path("config/bursar/token").exists(), "it was only printed");
    shown.push_str(&install(&["--by", "systemd"]));
    insta::assert_snapshot!("collect_install", shown);
    assert!(unit.exists());
    use std::os::unix::fs::PermissionsExt;
    let token = machine.path("config/bursar/token");
    assert_eq!(std::fs::read_to_string(&token).expect("a token"), "bsr_test_secret\n");
    assert_eq!(token.metadata().expect("a file").permissions().mode() & 0o777, 0o600);
}
