//! The models that are called: as the logs name them, and as reports do.

use domain::{Day, Provider, Tool};

use super::calendar::Calendar;
use super::dice::Dice;

/// A model.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Model {
    /// As logs name it.
    pub(super) logged: &'static str,
    /// As reports do.
    pub(super) name: &'static str,
    pub(super) provider: &'static str,
}

pub(super) const OPUS: Model = anthropic("claude-opus-5-5", "claude-opus-5-5");
const OLD_OPUS: Model = anthropic("claude-opus-4-8", "claude-opus-4-8");
const SONNET: Model = anthropic("claude-sonnet-5-5", "claude-sonnet-5-5");
const HAIKU: Model = anthropic("claude-haiku-5-5", "claude-haiku-5-5");
const OLD_HAIKU: Model = anthropic("claude-haiku-4-5-20251001", "claude-haiku-4-5");
const CODEX: Model = Model { logged: "gpt-5.3-codex", name: "gpt-5.3-codex", provider: "openai" };
const GEMINI: Model =
    Model { logged: "gemini-3.1-pro-preview", name: "gemini-3.1-pro-preview", provider: "google" };
const FLASH: Model = Model { logged: "gemini-3.5-flash", name: "gemini-3.5-flash", provider: "google" };

/// How many thousandths of the simulation are over when newer models come out.
const RELEASE: u64 = 600;
/// Sessions in a thousand that use them on the first day, more on each day, and at most.
const ADOPTION: (u64, u64, u64) = (150, 25, 950);
/// Sessions of Gemini CLI in a thousand that use its fast model.
const FAST: u64 = 350;

const fn anthropic(logged: &'static str, name: &'static str) -> Model {
    Model { logged, name, provider: "anthropic" }
}

impl Model {
    /// Who serves it.
    pub(super) fn served_by(&self) -> Provider {
        Provider::new(self.provider)
    }
}

/// The model that leads a session, and the one of its subagents.
pub(super) type Lead = (&'static Model, &'static Model);

/// The models of a session of a tool on a day; `opus` is how many in a thousand have the
/// dearest.
pub(super) fn lead(tool: Tool, (day, calendar): (Day, &Calendar), opus: u64, dice: &mut Dice) -> Lead {
    let since = day.number().saturating_sub(calendar.at(RELEASE).number());
    let is_new = since >= 0 && {
        let (first, more, most) = ADOPTION;
        dice.chance(first.saturating_add(more.saturating_mul(since.unsigned_abs())).min(most))
    };
    let is_opus = dice.chance(opus);
    let is_fast = dice.chance(FAST);
    match tool {
        Tool::Codex => (&CODEX, &CODEX),
        Tool::GeminiCli if is_fast => (&FLASH, &FLASH),
        Tool::GeminiCli => (&GEMINI, &FLASH),
        Tool::ClaudeCode
        | Tool::Cline
        | Tool::Roo
        | Tool::Kilo
        | Tool::Opencode
        | Tool::CopilotCli
        | Tool::CopilotChat
        | Tool::Cursor
        | Tool::Other => match (is_new, is_opus) {
            (true, true) => (&OPUS, &HAIKU),
            (false, true) => (&OLD_OPUS, &OLD_HAIKU),
            (true, false) => (&SONNET, &HAIKU),
            (false, false) => (&SONNET, &OLD_HAIKU),
        },
    }
}
