//! What the files beside a task say of it: its folder, and its models over time.

use std::path::Path;

use domain::Tool;
use serde::Deserialize;

use super::name_of;
use crate::document;
use crate::harvest::Harvest;
use crate::json::{List, Maybe, Text, When};

/// What the prompt tells the model about itself: Roo and Kilo write the model nowhere else.
const MODEL_TAG: (&str, &str) = ("<model>", "</model>");
/// What comes before it in such a prompt.
const ENVIRONMENT: &str = "<environment_details>";
/// Longer than this is no model name.
const MODEL_LENGTH: usize = 200;

/// A model, and who serves it.
#[derive(Debug, Clone, Default)]
pub(super) struct ModelUse {
    pub(super) model: String,
    pub(super) provider: Option<String>,
}

/// What is known around a task.
#[derive(Debug, Default)]
pub(super) struct Surroundings {
    pub(super) folder: Option<String>,
    /// The task's model, where only one is stated.
    model: Option<String>,
    /// Models by the millisecond from which they were used, in the file's order.
    models: Vec<(i64, ModelUse)>,
}

impl Surroundings {
    /// Reads the files beside a task's messages.
    pub(super) fn of(messages: &Path, tool: Tool) -> Self {
        let task = messages.parent().unwrap_or(messages);
        let storage = task.parent().and_then(Path::parent);
        let mut surroundings = Self::default();
        if let Some(item) = document::small::<Item>(&task.join("history_item.json")) {
            surroundings.take(&item);
        }
        if tool == Tool::Cline
            && let Some(storage) = storage
        {
            let mut history = History { task: name_of(Some(task)).to_owned(), found: None };
            through(&storage.join("state/taskHistory.json"), &mut history);
            if let Some(item) = history.found {
                surroundings.take(&item);
            }
        }
        let metadata: Option<Metadata> = document::small(&task.join("task_metadata.json"));
        surroundings.models = metadata.map(|metadata| metadata.uses()).unwrap_or_default();
        if surroundings.models.is_empty() && tool != Tool::Cline {
            let mut prompts = Prompts::default();
            through(&task.join("api_conversation_history.json"), &mut prompts);
            surroundings.models = prompts.models;
        }
        surroundings
    }

    fn take(&mut self, item: &Item) {
        let folder = item.workspace.get().or_else(|| item.cwd_on_task_initialization.get());
        self.folder = folder.map(str::to_owned);
        self.model = item.model_id.get().map(str::to_owned);
    }

    /// The model of a request: the last one noted before the next request began,
    /// as it is noted a moment after its first request is.
    pub(super) fn model_before(&self, next_ms: Option<i64>) -> Option<ModelUse> {
        let before = |at: i64| next_ms.is_none_or(|next| at < next);
        let noted = self.models.iter().rev().find(|(at, _)| before(*at)).or_else(|| self.models.first());
        let only = || self.model.clone().map(|model| ModelUse { model, provider: None });
        noted.map(|(_, used)| used.clone()).or_else(only)
    }
}

/// Reads a side file, if it is there; what is wrong with it is not the log's problem.
fn through(path: &Path, reader: &mut impl document::Reader) {
    let _unread_is_unknown = document::read(path, reader, &mut Harvest::default());
}

/// A task in a list of tasks, or on its own.
#[derive(Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Item {
    #[serde(default)]
    id: Text,
    /// Roo and Kilo.
    #[serde(default)]
    workspace: Text,
    /// Cline.
    #[serde(default)]
    cwd_on_task_initialization: Text,
    #[serde(default)]
    model_id: Text,
}

/// `taskHistory.json`: all tasks of the extension.
struct History {
    task: String,
    found: Option<Item>,
}

impl document::Reader for History {
    type Element = Item;

    const LIST: &'static str = "taskHistory";

    fn element(&mut self, _: u64, item: Item, _: &mut Harvest) {
        if item.id.is(&self.task) {
            self.found = Some(item);
        }
    }

    fn field(&mut self, _: &str, _: &str) {}
}

/// `task_metadata.json`.
#[derive(Deserialize)]
struct Metadata {
    #[serde(default)]
    model_usage: List<Noted>,
}

#[derive(Deserialize)]
struct Noted {
    #[serde(default)]
    ts: When,
    #[serde(default)]
    model_id: Text,
    #[serde(default)]
    model_provider_id: Text,
}

impl Metadata {
    fn uses(&self) -> Vec<(i64, ModelUse)> {
        let used = |noted: &Noted| {
            let model = noted.model_id.get()?.to_owned();
            let provider = noted.model_provider_id.get().map(str::to_owned);
            Some((noted.ts.0?.millis(), ModelUse { model, provider }))
        };
        self.model_usage.0.iter().filter_map(used).collect()
    }
}

/// `api_conversation_history.json`: the prompts. Only the model's name is taken out.
#[derive(Default)]
struct Prompts {
    models: Vec<(i64, ModelUse)>,
}

#[derive(Deserialize)]
struct Prompt {
    #[serde(default)]
    ts: When,
    #[serde(default)]
    content: List<Block>,
}

#[derive(Deserialize)]
struct Block {
    #[serde(default)]
    text: Text,
}

impl document::Reader for Prompts {
    type Element = Prompt;

    const LIST: &'static str = "messages";

    fn element(&mut self, _: u64, prompt: Prompt, _: &mut Harvest) {
        let mut texts = prompt.content.0.iter().filter_map(|block| block.text.get());
        let (Some(at), Some(model)) = (prompt.ts.0, texts.find_map(model_in)) else { return };
        let is_new = self.models.last().is_none_or(|(_, used)| used.model != model);
        if is_new {
            self.models.push((at.millis(), ModelUse { model: model.to_owned(), provider: None }));
        }
    }

    fn field(&mut self, _: &str, _: &str) {}
}

fn model_in(text: &str) -> Option<&str> {
    let (_, environment) = text.rsplit_once(ENVIRONMENT)?;
    let (_, rest) = environment.split_once(MODEL_TAG.0)?;
    let (model, _) = rest.split_once(MODEL_TAG.1)?;
    Some(model.trim()).filter(|model| !model.is_empty() && model.len() <= MODEL_LENGTH)
}

/// A session's `<id>.json`.
#[derive(Default, Deserialize)]
pub(super) struct Manifest {
    #[serde(default)]
    pub(super) cwd: Text,
    #[serde(default)]
    pub(super) workspace_root: Text,
    #[serde(default)]
    pub(super) model: Text,
    #[serde(default)]
    pub(super) provider: Text,
}

impl Manifest {
    /// Reads it from beside a session's messages.
    pub(super) fn of(folder: &Path) -> Self {
        let file = folder.join(format!("{}.json", name_of(Some(folder))));
        document::small::<Maybe<Self>>(&file).and_then(|manifest| manifest.0).unwrap_or_default()
    }
}
