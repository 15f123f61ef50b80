//! Sessions as they go, call by call.

use dialect::Route;

use super::*;

/// Reads lines such as `fails 1 of 500` (a call that is told failure 1, in a conversation
/// of 500 bytes), `goes on 600`, `prompt 700`, `spends 2.5`, `after 5 minutes`, and those
/// of an agent with `agent` before them. Tells what became of each call.
fn told(limits: LoopLimits, story: &str) -> String {
    let guard = LoopGuard::new(limits);
    let mut now = Timestamp::from_millis(1_800_000_000_000);
    let mut told = Vec::new();
    for line in story.lines().map(str::trim).filter(|line| !line.is_empty()) {
        let (words, agent) =
            line.strip_prefix("agent ").map_or((line, None), |it| (it, Some(Box::from("a"))));
        let (reporter, session) = (ReporterId::new("key"), SessionId::new("s"));
        let caller = Caller { reporter, session, agent };
        let words: Vec<&str> = words.split(' ').collect();
        let bytes = || words.last().unwrap().parse().unwrap();
        let step = match words[..] {
            ["after", minutes, "minutes"] => {
                now = Timestamp::from_millis(now.millis() + minutes.parse::<i64>().unwrap() * 60_000);
                continue;
            }
            ["spends", usd] => {
                let cost: domain::PicoUsd = usd.parse().unwrap();
                guard.spent(&caller, cost.round_half_even().unwrap(), now);
                continue;
            }
            ["fails", print, ..] => Some(Step { print: print.parse().unwrap(), is_failure: true }),
            ["goes", ..] => Some(Step { print: 0, is_failure: false }),
            ["prompt", ..] => None,
            _ => panic!("what is {line}"),
        };
        let answer = guard.check(&caller, &request(step, bytes()), now);
        told.push(answer.map_or_else(Looping::code, |()| "passes"));
    }
    told.join(" ")
}

fn request(step: Option<Step>, bytes: u64) -> Request {
    let mut request = Request::read(&Route::of("POST", "/v1/messages"), br#"{"model":"m"}"#).unwrap();
    request.step = step;
    request.prompt.text_bytes = bytes;
    request
}

fn check(story: &str, expected: &str) {
    assert_eq!(told(LoopLimits::default(), story), expected, "{story}");
}

#[test]
fn the_same_failure_six_times() {
    let five = "fails 1 of 101\nfails 1 of 102\nfails 1 of 103\nfails 1 of 104\nfails 1 of 105\n";
    let passes = "passes passes passes passes passes";
    check(&format!("{five}fails 1 of 106\nfails 1 of 107"), &format!("{passes} loop_failing loop_failing"));
    check(&format!("{five}fails 2 of 106\nfails 1 of 107"), &format!("{passes} passes passes"));
    check(&format!("{five}goes on 106\nfails 1 of 107"), &format!("{passes} passes passes"));
    check(&format!("{five}prompt 106\nfails 1 of 107"), &format!("{passes} passes passes"));
    check(
        &format!("{five}fails 1 of 106\nprompt 107\nfails 1 of 108"),
        &format!("{passes} loop_failing passes passes"),
    );
}

#[test]
fn another_attempt_is_no_other_failure() {
    check(&"fails 1 of 100\n".repeat(9), "passes passes passes passes passes passes passes passes passes");
}

#[test]
fn agents_are_looked_at_by_themselves() {
    let both = "fails 1 of 101\nagent fails 2 of 55\n";
    check(
        &format!("{both}fails 1 of 102\nagent goes on 56\nfails 1 of 103"),
        "passes passes passes passes passes",
    );
    let stuck: String = (1..=6).map(|at| format!("agent fails 1 of {at}00\ngoes on 9{at}\n")).collect();
    let passes = "passes passes passes passes passes passes passes passes passes passes";
    check(&stuck, &format!("{passes} loop_failing passes"));
    check(&format!("{stuck}agent prompt 700"), &format!("{passes} loop_failing passes passes"));
}

#[test]
fn a_short_question_beside_the_conversation_is_nobodys_prompt() {
    let failing: String = (1..=6).map(|at| format!("fails 1 of 100{at}\nprompt 30\n")).collect();
    check(
        &failing,
        "passes passes passes passes passes passes passes passes passes passes loop_failing loop_failing",
    );
}

const USUAL: &str = "
    prompt 100
    spends 1
    after 5 minutes
    spends 1.2
    after 10 minutes
    spends 0.8
    after 5 minutes
";

#[test]
fn spend_is_measured_by_what_is_usual() {
    check(&format!("{USUAL} spends 10\n goes on 101"), "passes passes");
    check(&format!("{USUAL} spends 10.1\n goes on 101\n agent goes on 5"), "passes loop_racing loop_racing");
    // Later as well, until a person says something.
    let later = "after 60 minutes\n goes on 102\n prompt 103\n goes on 104";
    check(
        &format!("{USUAL} spends 10.1\n goes on 101\n {later}"),
        "passes loop_racing loop_racing passes passes",
    );
    let again = "prompt 102\n spends 9\n goes on 103\n spends 2\n goes on 104";
    check(
        &format!("{USUAL} spends 10.1\n goes on 101\n {again}"),
        "passes loop_racing passes passes loop_racing",
    );
    // An agent's first prompt is not a person's.
    check(&format!("{USUAL} spends 10.1\n agent prompt 900"), "passes loop_racing");
}

#[test]
fn small_sums_and_new_sessions_are_left_alone() {
    check("prompt 100\n spends 0.1\n after 5 minutes\n spends 4\n goes on 101", "passes passes");
    let cheap = USUAL.replace("1.2", "0.01").replace("spends 1\n", "spends 0.01\n").replace("0.8", "0.01");
    check(&format!("{cheap} spends 5\n goes on 101"), "passes passes");
    check(&format!("{cheap} spends 5.1\n goes on 101"), "passes loop_racing");
    check("spends 500\n goes on 101", "passes");
}

#[test]
fn there_can_be_a_limit_for_everybody() {
    let most = || LoopLimits { most: Some(NanoUsd::new(2_000_000_000)), ..LoopLimits::default() };
    assert_eq!(told(most(), "spends 2\n goes on 101\n spends 0.1\n goes on 102"), "passes loop_too_fast");
    let none = LoopLimits { failures: None, times_usual: None, ..LoopLimits::default() };
    let fails: String = (1..=9).map(|at| format!("fails 1 of {at}\n")).collect();
    assert!(!told(none, &format!("{fails}{USUAL} spends 99\n goes on 101")).contains("loop"));
}

#[test]
fn the_words_say_how_to_go_on() {
    let [spent, usual, most] = [12_340_000_000, 1_000_000_000, 2_000_000_000].map(NanoUsd::new);
    let all =
        [Looping::Failing { times: 6 }, Looping::Racing { spent, usual }, Looping::TooFast { spent, most }];
    insta::assert_snapshot!(all.map(|it| format!("{}: {it}", it.code())).join("\n"));
}

#[test]
fn sessions_without_end_are_forgotten() {
    let guard = LoopGuard::new(LoopLimits::default());
    let caller = |number: usize| Caller {
        reporter: ReporterId::new("key"),
        session: SessionId::new(&format!("s{number}")),
        agent: Some(Box::from(format!("a{number}"))),
    };
    for number in 0..SESSIONS_LIMIT + 1 {
        let now = Timestamp::from_millis(i64::try_from(number).unwrap());
        guard.spent(&caller(number), NanoUsd::new(1), now);
    }
    let sessions = guard.sessions.lock().unwrap();
    assert_eq!(sessions.len(), SESSIONS_LIMIT / 2);
    assert!(sessions.contains_key(&(ReporterId::new("key"), SessionId::new(&format!("s{SESSIONS_LIMIT}")))));
    drop(sessions);
    for number in 0..99 {
        let one = Caller { session: SessionId::new("s"), ..caller(number) };
        assert_eq!(guard.check(&one, &request(None, 9), Timestamp::default()), Ok(()));
    }
    let key = (ReporterId::new("key"), SessionId::new("s"));
    assert!(guard.sessions.lock().unwrap()[&key].threads.len() <= THREADS_LIMIT);
}
