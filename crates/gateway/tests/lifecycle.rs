//! Calls that end in any way, many at once, by chance: each reservation ends once, no
//! ceiling is passed but by what is told as an overrun, and what was used is booked.

use std::sync::Arc;
use std::time::Duration;

use ledger::Terms;
use tokio::task::JoinSet;

use crate::chance::Random;
use crate::desk::usd;
use crate::provider::{Script, Seen, Step, begin, chunk, end, nothing_there, whole};
use crate::world::{MESSAGES, World};

const SEEDS: u64 = 6;
const CALLS: usize = 120;
const START: &str = "event: message_start\ndata: {\"type\":\"message_start\",\"message\":{\"id\":\"msg_1\",\"model\":\"claude-haiku-4-5\",\"usage\":{\"input_tokens\":100,\"output_tokens\":1}}}\n\n";
const DELTA: &str = "event: content_block_delta\ndata: {\"type\":\"content_block_delta\",\"index\":0,\"delta\":{\"type\":\"text_delta\",\"text\":\"0123456789\"}}\n\n";
const STOP: &str = "event: message_delta\ndata: {\"type\":\"message_delta\",\"delta\":{\"stop_reason\":\"end_turn\"},\"usage\":{\"output_tokens\":50}}\n\nevent: message_stop\ndata: {\"type\":\"message_stop\"}\n\n";

/// What a provider does, by the number that the call carries.
fn script(seen: &Seen) -> Script {
    if seen.counts() {
        return nothing_there();
    }
    let seed = seen.header("x-seed").unwrap().parse().unwrap();
    let mut random = Random::new(seed);
    let mut script = Vec::new();
    if random.below(3) == 0 {
        script.push(Step::Sleep(Duration::from_millis(u64::try_from(random.below(8)).unwrap())));
    }
    match random.below(8) {
        0 => script.extend(whole("529 Overloaded", &[], b"{}")),
        1 => script.push(Step::Close),
        _ => {
            script.push(begin("text/event-stream", &[]));
            let stream = format!("{START}{}{STOP}", DELTA.repeat(random.below(20)));
            let mut rest = stream.as_bytes();
            while !rest.is_empty() {
                let (piece, after) = rest.split_at(random.below(rest.len().min(400)) + 1);
                script.push(chunk(piece));
                rest = after;
                match random.below(60) {
                    0 => {
                        script.push(Step::Close);
                        return script;
                    }
                    1..=6 => script.push(Step::Sleep(Duration::from_millis(1))),
                    _ => {}
                }
            }
            script.push(end());
        }
    }
    script
}

/// One call, whose client may go away at any moment.
async fn call(world: Arc<World>, seed: u64) {
    let mut random = Random::new(seed ^ 0xC11E);
    let limit = 256 + random.below(2_000);
    let body = format!(r#"{{"model":"claude-haiku-4-5","max_tokens":{limit},"stream":true}}"#);
    let seed = seed.to_string();
    let headers = [("x-api-key", "bsr_dana_secret"), ("x-seed", seed.as_str())];
    let client = world.open(&format!("POST {MESSAGES}"), &headers, body.as_bytes()).await;
    if random.below(3) == 0 {
        tokio::time::sleep(Duration::from_millis(u64::try_from(random.below(10)).unwrap())).await;
        drop(client);
    } else {
        client.reply_if_any().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_happens_every_reservation_ends_once() {
    for seed in 0..SEEDS {
        let world = Arc::new(World::with(|it| it.limits.drains = 8).await);
        // Room for some of them at once, and for all.
        let (cap, least) = if seed % 2 == 0 { (usd("0.05"), 5) } else { (usd("5"), CALLS / 2) };
        world.desk.set("org", Terms::hard(cap));
        world.provider.answers(script);
        let mut calls = JoinSet::new();
        for number in 0..CALLS {
            let seed = seed.wrapping_mul(1_000).wrapping_add(u64::try_from(number).unwrap());
            calls.spawn(call(Arc::clone(&world), seed));
        }
        while let Some(ended) = calls.join_next().await {
            ended.unwrap();
        }
        world.gateway.drained().await;
        // The desk itself fails where one is settled or released twice.
        assert_eq!(world.desk.open(), 0, "seed {seed}");
        let (spent, reserved) = world.desk.counts("org");
        assert_eq!(reserved.nano(), 0, "seed {seed}");
        assert!(spent <= cap, "seed {seed}: {spent}");
        let settled: i64 = world.desk.settled().iter().map(|it| it.nano()).sum();
        assert_eq!(settled, spent.nano(), "seed {seed}");
        assert_eq!(world.desk.settled().len(), world.desk.recorded().len(), "seed {seed}");
        let ended = world.desk.endings().len();
        assert!(ended >= least, "seed {seed}: only {ended} calls were let through");
    }
}
