//! The tools, one module each.

pub mod claude_code;
pub mod cline;
pub mod codex;
pub mod copilot_cli;
pub mod gemini_cli;
pub mod opencode;
