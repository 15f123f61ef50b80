//! What the commands print.

use insta::assert_snapshot;

use crate::example::office;
use crate::machine::{Machine, Run, calls_and_cost};

const MARCH: [&str; 4] = ["--since", "2026-03-01", "--until", "2026-03-31"];

macro_rules! prints {
    ($($name:ident: $($argument:literal)+;)+) => {$(
        #[test]
        fn $name() {
            assert_snapshot!(office().show(&[$($argument),+]));
        }
    )+};
}

prints! {
    report: "report";
    report_by_repo_branch_and_model: "report" "--by" "repo,branch,model";
    report_by_developer_and_task: "report" "--by" "developer,task";
    report_by_pull_request_ticket_and_client: "report" "--by" "pr,ticket,client";
    report_daily: "report" "daily";
    report_weekly: "report" "weekly" "--by" "repo";
    report_monthly: "report" "monthly" "--by" "tool,provider";
    report_hourly_elsewhere: "report" "--by" "hour" "--timezone" "Asia/Kathmandu" "--repo" "northwind/*";
    report_top: "report" "--by" "session" "--top" "1";
    report_compared: "report" "--by" "repo" "--since" "2026-03-01" "--until" "2026-03-31" "--compare";
    report_figures: "report" "--by" "repo" "--figures";
    report_what_if: "report" "--by" "model" "--what-if" "opus-5.5=sonnet-5.5,sonnet-4.5=haiku-4.5";
    report_filtered: "report" "--by" "model" "--branch" "fix/*,!*docs*" "--model" "claude-*";
    report_of_a_filter_that_nothing_matches: "report" "--repo" "acme/biling";
    report_as_json: "report" "--by" "repo,model" "--format" "json";
    report_with_everything_as_json: "report" "--by" "developer" "--since" "2026-03-01" "--until" "2026-03-31"
        "--compare" "--figures" "--what-if" "opus-5.5=sonnet-5.5" "--top" "1" "--format" "json";
    report_as_csv: "report" "daily" "--by" "repo" "--top" "2" "--format" "csv";
    sessions: "sessions";
    sessions_top: "sessions" "--top" "1" "--since" "2026-03-01" "--until" "2026-03-31";
    sessions_as_json: "sessions" "--top" "1" "--format" "json";
    sessions_as_csv: "sessions" "--format" "csv";
    session: "session" "5a69";
    session_as_json: "session" "7c11" "--format" "json";
    explain_a_long_context_with_an_hours_cache_write: "explain" "msg_01LedgerB";
    session_as_csv: "session" "7c11" "--format" "csv";
    explain_as_csv: "explain" "msg_01ShopB" "--format" "csv";
    explain_an_unpriced_call_as_csv: "explain" "msg_01ShopD" "--format" "csv";
    prices_as_csv: "prices" "anthropic claude-haiku-5-5" "--at" "2026-10-20" "--format" "csv";
    explain_a_call_as_json: "explain" "msg_01ShopB" "--format" "json";
    explain_an_unpriced_call: "explain" "msg_01ShopD";
    explain_a_session: "explain" "7c11d2e4-shop";
    prices: "prices" "claude-sonnet-5-5" "--at" "2026-09-01";
    prices_history: "prices" "anthropic claude-sonnet-5-5" "--history";
    prices_as_json: "prices" "anthropic claude-haiku-5-5" "--at" "2026-10-20" "--format" "json";
    prices_of_an_unknown_model: "prices" "house-coder-2" "--at" "2026-09-01";
    doctor: "doctor";
    doctor_as_json: "doctor" "--format" "json";
    doctor_as_csv: "doctor" "--format" "csv";
    tags: "tag";
}

#[test]
fn the_calls_of_a_session_sum_to_it() {
    let office = office();
    let (calls, cost) = calls_and_cost(&office.json(&["session", "7c11"]));
    let rows = office.run(&["session", "7c11", "--format", "csv"]);
    let mut lines = rows.done().lines().map(|line| line.split(',').collect::<Vec<_>>());
    let head = lines.next().expect("a head");
    let column = head.iter().position(|it| *it == "cost_nano_usd").expect("a column of costs");
    let costs: Vec<i64> = lines.map(|row| row[column].parse().unwrap_or_default()).collect();
    assert_eq!((u64::try_from(costs.len()).expect("few"), costs.iter().sum::<i64>()), (calls, cost));
}

#[test]
fn tables_fit_the_terminal() {
    let office = office();
    for columns in ["60", "120"] {
        let run =
            Run::to_end(office.bursar(&["report", "--by", "repo,branch,model"]).env("COLUMNS", columns));
        let width: usize = columns.parse().expect("a width");
        let longest = run.stdout.lines().map(|line| line.chars().count()).max();
        assert!(longest <= Some(width), "{longest:?} columns in a terminal of {width}");
        assert_snapshot!(format!("report_in_{columns}_columns"), office.shown(&run));
    }
}

#[test]
fn a_machine_without_logs() {
    let machine = Machine::new();
    assert_snapshot!("no_logs_report", machine.show(&["report", "--by", "repo"]));
    assert_snapshot!("no_logs_daily", machine.show(&[&["report", "daily"][..], &MARCH].concat()));
    assert_snapshot!("no_logs_sessions", machine.show(&["sessions"]));
    assert_snapshot!("no_logs_doctor", machine.show(&["doctor"]));
    assert_snapshot!("no_logs_json", machine.show(&["report", "--figures", "--format", "json"]));
}

#[test]
fn a_machine_without_git() {
    let office = office();
    let shown = |arguments: &[&str]| {
        office.shown(&Run::to_end(office.bursar(arguments).env("PATH", office.path("config"))))
    };
    assert_snapshot!("no_git_report", shown(&["report", "--by", "repo,developer"]));
    assert_snapshot!("no_git_doctor", shown(&["doctor"]));
}

#[test]
fn tags_are_kept_used_and_taken_back() {
    let office = office();
    let mut shown = String::new();
    for arguments in [
        &[
            "tag",
            "9e0f",
            "task=spike",
            "client=Acme",
            "repo=github.com/acme/lab",
            "developer=grace@example.com",
        ][..],
        &["report", "--by", "session,repo,task"],
        &["report", "--by", "session,developer,client"],
        &["tag", "5a69", "task= review "],
        &["tag"],
        &["tag", "9e0f", "client=", "repo="],
        &["tag", "9e0f"],
        &["report", "--by", "repo"],
    ] {
        shown.extend(["$ bursar ", &arguments.join(" "), "\n", &office.show(arguments), "\n"]);
    }
    assert_snapshot!(shown);
}

#[test]
fn tables_in_plain_characters() {
    let office = office();
    let run = Run::to_end(office.bursar(&["report", "--by", "repo"]).env("LC_ALL", "C"));
    assert!(run.done().is_ascii(), "{}", run.stdout);
}

#[test]
fn no_escape_bytes_where_nobody_asked_for_colour() {
    let office = office();
    for (name, value) in
        [("NO_COLOR", "1"), ("TERM", "xterm-256color"), ("TERM", "dumb"), ("CLICOLOR_FORCE", "1")]
    {
        for arguments in [
            &["report", "--by", "repo", "--figures", "--compare", "--since", "2026-03-01"][..],
            &["sessions"],
            &["session", "5a69"],
            &["explain", "msg_01LedgerB"],
            &["prices", "opus"],
            &["doctor"],
            &["demo", "--listen", "nowhere"],
            &["report", "--by", "nothing"],
        ] {
            let run = Run::to_end(office.bursar(arguments).env(name, value));
            let printed = format!("{}{}", run.stdout, run.stderr);
            assert!(!printed.contains('\u{1b}'), "{name}={value} {arguments:?}: {printed:?}");
        }
    }
}

#[test]
fn a_reader_that_has_seen_enough_is_no_failure() {
    let office = office();
    let mut command = office.bursar(&["prices", "--format", "json"]);
    let mut child = command
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped())
        .spawn()
        .expect("bursar starts");
    drop(child.stdout.take());
    let output = child.wait_with_output().expect("bursar ends");
    assert_eq!((output.status.code(), output.stderr.as_slice()), (Some(0), &b""[..]));
}
