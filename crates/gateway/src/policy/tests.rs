//! What is allowed, and how a refusal is worded.
