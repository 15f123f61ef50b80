//! The same settings in every form that they are handed out in.

use anyhow::{Result, anyhow};
use clap::ValueEnum;
use serde_json::{Map, Value};
use sha2::{Digest as _, Sha256};

use crate::collect::installation::hex;

/// What macOS knows Claude Code's settings by.
const DOMAIN: &str = "com.anthropic.claudecode";
const PLIST_HEAD: &str = r#"<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "http://www.apple.com/DTDs/PropertyList-1.0.dtd">
<plist version="1.0">
"#;

/// How settings are handed out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Form {
    /// managed-settings.json, or a file in managed-settings.d
    Json,
    /// A property list for /Library/Managed Preferences
    Plist,
    /// A configuration profile for an MDM of macOS
    Mobileconfig,
    /// A file for Windows' registry
    Registry,
    /// A script that writes the file, on macOS and Linux
    Script,
    /// The variables alone, for a shell's profile
    Shell,
}

/// Settings in a form.
pub(super) fn print(form: Form, settings: &Value) -> Result<String> {
    Ok(match form {
        Form::Json => format!("{}\n", serde_json::to_string_pretty(settings)?),
        Form::Plist => plist(settings),
        Form::Mobileconfig => mobileconfig(settings),
        Form::Registry => registry(settings)?,
        Form::Script => script(settings)?,
        Form::Shell => shell(settings)?,
    })
}

fn plist(settings: &Value) -> String {
    let mut out = PLIST_HEAD.to_owned();
    plist_value(&mut out, settings, 0);
    out.push_str("</plist>\n");
    out
}

fn plist_value(out: &mut String, value: &Value, depth: usize) {
    let margin = "  ".repeat(depth);
    match value {
        // A property list has no null, and no settings have one.
        Value::Null => {}
        Value::Bool(value) => out.extend([&*margin, if *value { "<true/>\n" } else { "<false/>\n" }]),
        Value::Number(number) => out.extend([&*margin, "<integer>", &number.to_string(), "</integer>\n"]),
        Value::String(text) => out.extend([&*margin, "<string>", &xml(text), "</string>\n"]),
        Value::Array(values) => {
            out.extend([&*margin, "<array>\n"]);
            values.iter().for_each(|value| plist_value(out, value, depth.saturating_add(1)));
            out.extend([&*margin, "</array>\n"]);
        }
        Value::Object(fields) => {
            out.extend([&*margin, "<dict>\n"]);
            for (name, value) in fields {
                out.extend([&*margin, "  <key>", &xml(name), "</key>\n"]);
                plist_value(out, value, depth.saturating_add(1));
            }
            out.extend([&*margin, "</dict>\n"]);
        }
    }
}

/// A profile with one payload. Its ids follow from its content: the same settings are
/// the same profile.
fn mobileconfig(settings: &Value) -> String {
    let payload_head = serde_json::json!({
        "PayloadType": DOMAIN,
        "PayloadIdentifier": format!("dev.bursar.rollout.{DOMAIN}"),
        "PayloadUUID": uuid("payload", settings),
        "PayloadVersion": 1,
    });
    let mut payload = Map::new();
    for part in [&payload_head, settings] {
        payload.extend(part.as_object().cloned().unwrap_or_default());
    }
    plist(&serde_json::json!({
        "PayloadContent": [payload],
        "PayloadDisplayName": "Claude Code: telemetry and hooks of Bursar",
        "PayloadIdentifier": "dev.bursar.rollout",
        "PayloadScope": "System",
        "PayloadType": "Configuration",
        "PayloadUUID": uuid("profile", settings),
        "PayloadVersion": 1,
    }))
}

/// An id in the form of a UUID of version 8, from a hash.
fn uuid(of: &str, settings: &Value) -> String {
    let digest = Sha256::new().chain_update(of).chain_update(settings.to_string()).finalize();
    let mut bytes: Vec<u8> = digest.iter().take(16).copied().collect();
    for (place, keep) in [(6, 0x0F), (8, 0x3F)] {
        if let Some(byte) = bytes.get_mut(place) {
            *byte = (*byte & keep) | 0x80;
        }
    }
    let text = hex(&bytes).to_uppercase();
    let part = |range: std::ops::Range<usize>| text.get(range).unwrap_or_default();
    [part(0..8), part(8..12), part(12..16), part(16..20), part(20..32)].join("-")
}

/// One value that holds the settings as JSON.
fn registry(settings: &Value) -> Result<String> {
    let json = serde_json::to_string(settings)?.replace('\\', r"\\").replace('"', r#"\""#);
    Ok(format!(
        "Windows Registry Editor Version 5.00\r\n\r\n[HKEY_LOCAL_MACHINE\\SOFTWARE\\Policies\\ClaudeCode]\r\n\"Settings\"=\"{json}\"\r\n"
    ))
}

/// A script for whatever runs scripts on machines. Beside other settings, not over them.
fn script(settings: &Value) -> Result<String> {
    let json = serde_json::to_string_pretty(settings)?;
    // JSON on several lines has none that is this word alone.
    Ok(format!(
        r#"#!/bin/sh
# Writes Claude Code's managed settings for Bursar. Run it as the superuser.
set -eu
case "$(uname -s)" in
  Darwin) folder="/Library/Application Support/ClaudeCode/managed-settings.d" ;;
  *) folder="/etc/claude-code/managed-settings.d" ;;
esac
mkdir -p "$folder"
cat > "$folder/50-bursar.json.new" <<'BURSAR'
{json}
BURSAR
chmod 644 "$folder/50-bursar.json.new"
mv "$folder/50-bursar.json.new" "$folder/50-bursar.json"
"#
    ))
}

/// The variables. Hooks, status line and token are for the settings file.
fn shell(settings: &Value) -> Result<String> {
    let env = settings
        .get("env")
        .and_then(Value::as_object)
        .ok_or_else(|| anyhow!("the settings name no variables"))?;
    let mut out = String::from(
        "# Bursar's variables for Claude Code. Hooks and the token's helper are for settings.json:\n# bursar rollout claude-code --form json\n",
    );
    for (name, value) in env {
        out.extend(["export ", name, "=", &quoted(value.as_str().unwrap_or_default()), "\n"]);
    }
    Ok(out)
}

/// A word for a POSIX shell.
pub(crate) fn quoted(word: &str) -> String {
    format!("'{}'", word.replace('\'', r"'\''"))
}

/// Text for XML.
pub(crate) fn xml(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn settings() -> Value {
        json!({"env": {"NAME": "it's \"<a>\" & \\b"}, "hooks": {"Stop": [{"async": true, "timeout": 10}]}})
    }

    #[test]
    fn what_is_written_means_what_was_meant() {
        let registry = print(Form::Registry, &settings()).unwrap();
        let (_, value) = registry.split_once("\"Settings\"=\"").unwrap();
        let value = value.strip_suffix("\"\r\n").unwrap().replace(r#"\""#, "\"").replace(r"\\", r"\");
        assert_eq!(serde_json::from_str::<Value>(&value).unwrap(), settings());

        let script = print(Form::Script, &settings()).unwrap();
        let (_, rest) = script.split_once("<<'BURSAR'\n").unwrap();
        let (json, _) = rest.split_once("\nBURSAR\n").unwrap();
        assert_eq!(serde_json::from_str::<Value>(json).unwrap(), settings());

        let shell = print(Form::Shell, &settings()).unwrap();
        assert!(shell.ends_with("export NAME='it'\\''s \"<a>\" & \\b'\n"), "{shell}");
    }

    #[test]
    fn property_lists_are_written_out() {
        let plist = print(Form::Plist, &settings()).unwrap();
        let body = plist.strip_prefix(PLIST_HEAD).unwrap();
        let lines: Vec<&str> = body.lines().map(str::trim).collect();
        assert_eq!(
            lines.join(""),
            "<dict><key>env</key><dict><key>NAME</key><string>it's &quot;&lt;a&gt;&quot; &amp; \\b</string></dict>\
             <key>hooks</key><dict><key>Stop</key><array><dict><key>async</key><true/><key>timeout</key>\
             <integer>10</integer></dict></array></dict></dict></plist>"
        );
    }

    #[test]
    fn the_same_settings_are_the_same_profile() {
        let profile = print(Form::Mobileconfig, &settings()).unwrap();
        assert_eq!(profile, print(Form::Mobileconfig, &settings()).unwrap());
        assert_ne!(profile, print(Form::Mobileconfig, &json!({"env": {}})).unwrap());
        let id = uuid("profile", &settings());
        assert!(id.len() == 36 && id.as_bytes()[14] == b'8', "{id}");
    }
}
