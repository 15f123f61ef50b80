//! The company's book over HTTP: the API, the receivers of telemetry, who may see
//! what, and the wiring of all of it.
