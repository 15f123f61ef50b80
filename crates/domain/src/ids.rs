//! Names of things, each with a type of its own so that they cannot be mixed up.
//!
//! All are cheap to clone: a session's calls share one allocation.

/// Makes types of names, each a text that is cheap to clone.
#[macro_export]
macro_rules! text_ids {
    ($($(#[$doc:meta])* $name:ident;)+) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(::std::sync::Arc<str>);

        impl $name {
            /// Of that text, as it is.
            #[must_use]
            pub fn new(text: &str) -> Self {
                Self(::std::sync::Arc::from(text))
            }

            /// The text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl ::std::fmt::Display for $name {
            fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                f.pad(&self.0)
            }
        }

        impl From<&str> for $name {
            fn from(text: &str) -> Self {
                Self::new(text)
            }
        }
    )+};
}

text_ids! {
    /// What makes a call one call: the provider's own message or response id, or,
    /// where a source has none, an id derived by that source's stated rule.
    CallKey;
    /// The provider's id of a request, as its response header has it: `req_…`.
    RequestId;
    /// Something that reports to the company's book: a machine's collector, an
    /// exporter, a gateway.
    ReporterId;
    /// A conversation, by the id that its tool gave it.
    SessionId;
    /// A model as a source named it: `claude-opus-4-8[1m]`, `us.anthropic.claude-…`.
    ModelName;
    /// Who serves and bills the model: `anthropic`, `openai`, `google`, `aws-bedrock` …
    Provider;
    /// A repository, normalised: `github.com/owner/repo`, or `local:<root commit>`.
    RepoId;
    /// A branch as its tool recorded it at the moment of the call.
    Branch;
    /// A pull or merge request: `github.com/owner/repo#12`.
    PullRequest;
    /// A ticket: `ENG-123`.
    Ticket;
    /// A person, by the best identity known: an e-mail address where there is one.
    Developer;
    /// A kind of work: `feature`, `fix`, `review` …
    TaskType;
    /// A customer that work is done for.
    Client;
    /// A project of the organisation or of a client.
    Project;
    /// A team of the organisation.
    Team;
    /// Where the organisation books a cost to.
    CostCentre;
    /// A working folder, as the tool recorded it. Never leaves the machine.
    Folder;
}
