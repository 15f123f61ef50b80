//! Sessions as they go, call by call.
