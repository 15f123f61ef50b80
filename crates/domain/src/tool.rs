//! The AI coding tools that Bursar reads.

/// A coding tool.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Tool {
    /// Anthropic's Claude Code.
    ClaudeCode,
    /// OpenAI's Codex CLI and IDE extension.
    Codex,
    /// Google's Gemini CLI.
    GeminiCli,
    /// Cline, the VS Code extension and its command line.
    Cline,
    /// Roo Code, a fork of Cline.
    Roo,
    /// Kilo Code, a fork of Roo.
    Kilo,
    /// opencode.
    Opencode,
    /// GitHub Copilot CLI.
    CopilotCli,
    /// GitHub Copilot in an editor, which only telemetry tells of.
    CopilotChat,
    /// Cursor, of which hooks alone tell.
    Cursor,
    /// Any other program whose telemetry follows the GenAI conventions.
    Other,
}

impl Tool {
    /// All of them, in the order in which they are listed.
    pub const ALL: [Self; 11] = [
        Self::ClaudeCode,
        Self::Codex,
        Self::GeminiCli,
        Self::Cline,
        Self::Roo,
        Self::Kilo,
        Self::Opencode,
        Self::CopilotCli,
        Self::CopilotChat,
        Self::Cursor,
        Self::Other,
    ];

    /// The name in reports, filters, JSON and the store.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::ClaudeCode => "claude-code",
            Self::Codex => "codex",
            Self::GeminiCli => "gemini-cli",
            Self::Cline => "cline",
            Self::Roo => "roo",
            Self::Kilo => "kilo",
            Self::Opencode => "opencode",
            Self::CopilotCli => "copilot-cli",
            Self::CopilotChat => "copilot-chat",
            Self::Cursor => "cursor",
            Self::Other => "other",
        }
    }

    /// The tool of that name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|tool| tool.name() == name)
    }
}
