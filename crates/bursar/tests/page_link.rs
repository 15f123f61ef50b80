//! The link to the page that `bursar up` prints, and the browser that it opens.

use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::os::unix::fs::PermissionsExt;
use std::process::{Child, ChildStderr, Stdio};
use std::thread;

use serde_json::Value;
use ureq::Agent;

use crate::machine::Machine;
use crate::served::a_moment;

/// How often is looked whether the browser was started, a moment apart.
const LOOKS: usize = 100;
/// Stands for the program that opens addresses, and writes down what it was given.
const OPENER: &str = "#!/bin/sh\nprintf '%s\\n' \"$1\" > \"$0.opened\"\n";

/// Options and variables that `bursar up` is started with.
type Case<'a> = (&'a [&'a str], &'a [(&'a str, &'a str)]);

/// `bursar up` with what it says to people, until it is dropped.
struct Up {
    child: Child,
    link: String,
}

impl Drop for Up {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// A machine with a program that opens addresses.
fn machine() -> Machine {
    let machine = Machine::new();
    let opener = machine.path("bin/xdg-open");
    machine.sandbox.write("bin/xdg-open", OPENER);
    fs::set_permissions(&opener, fs::Permissions::from_mode(0o755)).expect("it is ours");
    machine
}

fn up(machine: &Machine, options: &[&str], variables: &[(&str, &str)]) -> Up {
    let all = ["up", "--listen", "127.0.0.1:0", "--otlp-http", "off", "--otlp-grpc", "off", "--no-import"];
    let mut command = machine.bursar(&[&all, options].concat());
    command.envs(variables.iter().copied()).stdout(Stdio::null()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("bursar starts");
    let mut said = BufReader::new(child.stderr.take().expect("a pipe"));
    let link = link(&mut said);
    // Nobody reads on: the server must not wait for us.
    thread::spawn(move || said.read_to_end(&mut Vec::new()));
    Up { child, link }
}

/// The link among what is said at the start.
fn link(said: &mut BufReader<ChildStderr>) -> String {
    let lines = said.lines().map(|line| line.expect("text"));
    lines.map(|line| line.trim().to_owned()).find(|line| line.contains("/sign-in#")).expect("a link")
}

/// What the browser was told to open.
fn opened(machine: &Machine) -> Option<String> {
    let text = fs::read_to_string(machine.path("bin/xdg-open.opened")).ok()?;
    text.strip_suffix('\n').map(str::to_owned)
}

/// Signs in with the code of a link; gives the status and whose cookie that is.
fn sign_in(link: &str) -> (u16, Option<String>) {
    let (page, code) = link.split_once("/sign-in#").expect("a link");
    let agent = Agent::config_builder().http_status_as_error(false).build().new_agent();
    let body = serde_json::json!({ "code": code }).to_string();
    let answer = agent.post(format!("{page}/api/v1/sign-in")).send(body).expect("an answer");
    let status = answer.status().as_u16();
    let Some(cookie) = answer.headers().get("set-cookie") else { return (status, None) };
    let cookie = cookie.to_str().expect("text").split(';').next().expect("a cookie").to_owned();
    let mut me = agent.get(format!("{page}/api/v1/me")).header("cookie", cookie).call().expect("an answer");
    let me: Value = serde_json::from_str(&me.body_mut().read_to_string().expect("text")).expect("json");
    (status, Some(me["role"].as_str().expect("a role").to_owned()))
}

#[test]
fn the_link_is_good_once_and_the_browser_has_one_of_its_own() {
    let machine = machine();
    let up = up(&machine, &[], &[("DISPLAY", ":0")]);
    let looks = (0..LOOKS).find_map(|_| {
        let opened = opened(&machine);
        if opened.is_none() {
            a_moment();
        }
        opened
    });
    let opened = looks.expect("a browser is started");
    assert_ne!(opened, up.link);
    for link in [&up.link, &opened] {
        assert_eq!(sign_in(link), (204, Some("owner".to_owned())), "{link}");
        assert_eq!(sign_in(link), (401, None), "{link}");
    }
}

#[test]
fn no_browser_is_started_where_nobody_would_see_it_or_wants_it() {
    let cases: [Case<'_>; 3] = [
        (&["--no-open"], &[("DISPLAY", ":0")]),
        (&[], &[]),
        (&[], &[("DISPLAY", ":10"), ("SSH_CONNECTION", "10.0.0.1 1 10.0.0.2 22")]),
    ];
    for (options, variables) in cases {
        let machine = machine();
        let up = up(&machine, options, variables);
        assert_eq!(sign_in(&up.link).0, 204);
        drop(up);
        assert_eq!(opened(&machine), None, "{options:?} {variables:?}");
    }
}

#[test]
fn a_browser_that_is_missing_stops_nothing() {
    let machine = Machine::new();
    let up = up(&machine, &[], &[("WAYLAND_DISPLAY", "wayland-0")]);
    assert_eq!(sign_in(&up.link).0, 204);
}
