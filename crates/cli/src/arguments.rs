//! What can be typed.

mod keep;
mod watch;

use std::net::{IpAddr, Ipv4Addr};
use std::num::{NonZeroU32, NonZeroU64};
use std::path::PathBuf;
use std::time::Duration;

use aieffect_blueprint::{Address, Mode, Port, TransportKind};
use aieffect_compose::ImageName;
use aieffect_orchestrator::plan::{Plan, PlanOptions};
use clap::{Parser, Subcommand, ValueEnum};

pub(crate) use self::keep::KeepFlags;
pub(crate) use self::watch::{Showing, WatchFlags};
use crate::access::AccessFlags;
use crate::command::{call, completions, config, doctor, man, runs, serve};
use crate::exit::{Exit, Failure};
use crate::paths;

/// Checks, packages and runs pipelines of small gRPC services.
#[derive(Debug, Parser)]
#[command(name = "aieffect", version, propagate_version = true, max_term_width = 100)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    Init(Init),
    Check(Check),
    Explain(Explain),
    Graph(Graph),
    Build(Build),
    Export(Export),
    Compose(Compose),
    Orchestrate(Orchestrate),
    Run(Run),
    Runs(runs::Runs),
    Serve(serve::Serve),
    Config(config::Config),
    Probe(Probe),
    Call(call::Call),
    Doctor(doctor::Doctor),
    Completions(completions::Completions),
    Man(man::Man),
}

impl Command {
    /// How stderr is written.
    pub(crate) fn log_format(&self) -> LogFormat {
        match self {
            Self::Orchestrate(options) => options.run.log_format,
            Self::Run(options) => options.run.log_format,
            Self::Init(_)
            | Self::Check(_)
            | Self::Explain(_)
            | Self::Graph(_)
            | Self::Build(_)
            | Self::Export(_)
            | Self::Compose(_)
            | Self::Runs(_)
            | Self::Serve(_)
            | Self::Config(_)
            | Self::Probe(_)
            | Self::Call(_)
            | Self::Doctor(_)
            | Self::Completions(_)
            | Self::Man(_) => LogFormat::Text,
        }
    }
}

/// Make a new use case that runs at once, to be changed step by step
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  aieffect init wind_forecast --services load_wind,forecast,report")]
pub(crate) struct Init {
    /// Folder to make; its name becomes the use case's
    pub(crate) dir: PathBuf,
    /// What the services are written in
    #[arg(long, value_enum, default_value_t = Template::Python)]
    pub(crate) template: Template,
    /// The services, each feeding the next
    #[arg(long, value_name = "NAME,…", value_delimiter = ',', default_value = "load_data,clean_data,report")]
    pub(crate) services: Vec<String>,
}

/// The language of a new use case's services.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Template {
    /// `server.py` with grpcio
    Python,
    /// A cargo workspace with tonic
    Rust,
}

/// Report everything that is wrong with a use case or package, all at once
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  aieffect check use-cases/file_based_energy_pipeline --plan")]
pub(crate) struct Check {
    /// Folder of a use case, or a package as a folder or zip
    pub(crate) path: PathBuf,
    /// Print the plan too: steps, call shapes, and what fills each request field
    #[arg(long)]
    pub(crate) plan: bool,
    /// Report what the platform's visual designer cannot take, too
    #[arg(long)]
    pub(crate) designer: bool,
    /// Treat warnings as errors
    #[arg(long, env = "AIEFFECT_STRICT")]
    pub(crate) strict: bool,
    /// How to print findings
    #[arg(long, value_enum, default_value_t = Format::Human)]
    pub(crate) format: Format,
    /// Check for a run in this mode [default: what the documents say, else what the links call for]
    #[arg(long, value_enum, env = "AIEFFECT_MODE")]
    pub(crate) mode: Option<RunMode>,
    /// Check with this initial data: a file, or JSON
    #[arg(long, value_name = "FILE|JSON", env = "AIEFFECT_INITIAL_DATA")]
    pub(crate) initial_data: Option<String>,
    /// Use this file in place of the package's execution.json
    #[arg(long, value_name = "FILE", env = "AIEFFECT_EXECUTION")]
    pub(crate) execution: Option<PathBuf>,
}

/// Show the page of a finding: what it means, an example, and the way out
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  aieffect explain AE0203")]
pub(crate) struct Explain {
    /// The finding's code; without it, all codes are listed
    pub(crate) code: Option<String>,
    /// How to print it
    #[arg(long, value_enum, default_value_t = Format::Human)]
    pub(crate) format: Format,
}

/// Draw the pipeline: as an SVG, or as the text of a Mermaid or Graphviz diagram
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  aieffect graph use-cases/grid_diamond --output grid.svg")]
pub(crate) struct Graph {
    /// Folder of a use case, or a package as a folder or zip
    pub(crate) path: PathBuf,
    /// Write a picture of the kind that the file's name ends in [default: Mermaid, on stdout]
    #[arg(long, value_name = "FILE.svg|.mmd|.dot")]
    pub(crate) output: Option<PathBuf>,
}

/// Write build_and_tag.sh, the script that builds and tags a use case's images
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  aieffect build use-cases/file_based_energy_pipeline --run")]
pub(crate) struct Build {
    /// Folder of a use case; the script is written into it
    pub(crate) use_case: PathBuf,
    /// Run the script too
    #[arg(long)]
    pub(crate) run: bool,
    /// Replace a build_and_tag.sh that is not from here
    #[arg(long)]
    pub(crate) overwrite: bool,
}

/// Write the package that the platform takes
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Example:\n  aieffect export use-cases/grid_diamond use-cases-platform/grid_diamond --overwrite"
)]
pub(crate) struct Export {
    /// Folder of a use case
    pub(crate) use_case: PathBuf,
    /// Folder to write the package to
    pub(crate) output_dir: PathBuf,
    /// Replace a package that is there already
    #[arg(long)]
    pub(crate) overwrite: bool,
    /// Write a zip too: FILE, or <OUTPUT_DIR>.zip
    #[arg(long, value_name = "FILE", num_args = 0..=1)]
    pub(crate) zip: Option<Option<PathBuf>>,
    /// Make equal packages of equal use cases: no random id, no clock (SOURCE_DATE_EPOCH, else 1970)
    #[arg(long)]
    pub(crate) reproducible: bool,
    /// Write localhost and the ports from 50051 upward that a stack publishes, for an orchestrator on this machine
    #[arg(long)]
    pub(crate) local: bool,
    /// Inline imported messages into each node's own proto
    #[arg(long)]
    pub(crate) self_contained: bool,
    /// Treat warnings as errors
    #[arg(long, env = "AIEFFECT_STRICT")]
    pub(crate) strict: bool,
}

/// Write a compose file that runs a package's services and its pipeline
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Example:\n  aieffect compose use-cases-platform/file_based_energy_pipeline --base-port 60000"
)]
pub(crate) struct Compose {
    /// A package as a folder or zip; a zip is unpacked beside itself
    pub(crate) package: PathBuf,
    /// Write to this file, or to stdout alone with `-` [default: docker-compose.yml in the package]
    #[arg(long, value_name = "FILE|-")]
    pub(crate) output: Option<PathBuf>,
    /// The first service's port on the host; the others' follow
    #[arg(long, value_name = "PORT", default_value_t = Port::DEFAULT)]
    pub(crate) base_port: Port,
    /// The address of the host that the ports are open on
    #[arg(long, value_name = "ADDRESS", default_value_t = IpAddr::V4(Ipv4Addr::LOCALHOST))]
    pub(crate) bind: IpAddr,
    /// Build the orchestrator's image from this folder's Dockerfile, instead of from this program
    #[arg(long, value_name = "DIR", group = "orchestrator")]
    pub(crate) orchestrator_path: Option<PathBuf>,
    /// Start the orchestrator from this image
    #[arg(long, value_name = "IMAGE", group = "orchestrator", value_parser = image_name)]
    pub(crate) orchestrator_image: Option<ImageName>,
    /// Leave the orchestrator out
    #[arg(long, group = "orchestrator")]
    pub(crate) no_orchestrator: bool,
    /// How the orchestrator speaks with the services: it gets these files to read, and the variable
    #[command(flatten)]
    pub(crate) access: AccessFlags,
    /// Copy this file into the package as its execution.json
    #[arg(long, value_name = "FILE", env = "AIEFFECT_EXECUTION")]
    pub(crate) execution: Option<PathBuf>,
    /// Replace files that are not from here, or a folder that is not what the zip holds
    #[arg(long)]
    pub(crate) overwrite: bool,
}

/// Ask whether a service answers, and say its transport; for health checks of containers
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  aieffect probe 127.0.0.1:50051")]
pub(crate) struct Probe {
    /// Where it is to answer
    #[arg(value_name = "HOST:PORT")]
    pub(crate) address: Address,
    /// Ask in this way; else in both, over gRPC first
    #[arg(long, value_name = "TRANSPORT")]
    pub(crate) transport: Option<Transport>,
}

/// How a service is called.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Transport {
    /// As its proto says
    Grpc,
    /// By `POST /control/execute`
    HttpControl,
}

impl Transport {
    pub(crate) fn kind(self) -> TransportKind {
        match self {
            Self::Grpc => TransportKind::Grpc,
            Self::HttpControl => TransportKind::HttpControl,
        }
    }
}

/// How something is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// For a person
    Human,
    /// For a program
    Json,
}

/// Run a package against services that are running already, print the results, and exit
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Example:\n  aieffect orchestrate use-cases-platform/grid_diamond --initial-data '{\"day\": \"2024-06-01\"}'"
)]
pub(crate) struct Orchestrate {
    /// A package as a folder or zip
    pub(crate) package: PathBuf,
    /// Use this file in place of the package's execution.json
    #[arg(long, value_name = "FILE", env = "AIEFFECT_EXECUTION")]
    pub(crate) execution: Option<PathBuf>,
    /// The folder that services exchange files in, for conditions on files [default: data in the package]
    #[arg(long, value_name = "DIR", env = "AIEFFECT_DATA")]
    pub(crate) data: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) access: AccessFlags,
    #[command(flatten)]
    pub(crate) run: RunFlags,
}

/// Run a use case on this machine: check it, start its services, call them in order, show the results
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  aieffect run use-cases/file_based_energy_pipeline --results last")]
pub(crate) struct Run {
    /// Folder of a use case
    pub(crate) use_case: PathBuf,
    /// Let services work in this folder itself, instead of in a copy of the use case's data folder
    #[arg(long, value_name = "DIR", env = "AIEFFECT_DATA")]
    pub(crate) data: Option<PathBuf>,
    /// Begin a new run at this step, with what the last run came to before it
    #[arg(long, value_name = "CONTAINER:OPERATION", env = "AIEFFECT_FROM", conflicts_with_all = ["resume", "no_store"])]
    pub(crate) from: Option<String>,
    #[command(flatten)]
    pub(crate) run: RunFlags,
}

/// What `orchestrate` and `run` share.
#[derive(Debug, clap::Args)]
pub(crate) struct RunFlags {
    /// Request fields of start steps ({"field": …}) or of any step ({"node:operation": {…}}): a file, or JSON
    #[arg(long, value_name = "FILE|JSON", env = "AIEFFECT_INITIAL_DATA")]
    pub(crate) initial_data: Option<String>,
    /// How to run [default: what the documents say, else what the links call for]
    #[arg(long, value_enum, env = "AIEFFECT_MODE")]
    pub(crate) mode: Option<RunMode>,
    /// Live: end when each source has given this many messages
    #[arg(long, value_name = "N", env = "AIEFFECT_ITERATIONS")]
    pub(crate) iterations: Option<NonZeroU64>,
    /// Live: end after this time
    #[arg(long = "for", value_name = "DURATION", value_parser = duration, env = "AIEFFECT_FOR")]
    pub(crate) lasting: Option<Duration>,
    /// Live: end when the sources have ended and nothing has moved for this time [default: 2s]
    #[arg(long, value_name = "DURATION", value_parser = duration, env = "AIEFFECT_QUIET")]
    pub(crate) quiet: Option<Duration>,
    /// How many messages wait between two operations at most [default: what the documents say, else 64]
    #[arg(long, value_name = "N", env = "AIEFFECT_QUEUE_SIZE")]
    pub(crate) queue_size: Option<NonZeroU32>,
    /// Which results to print [default: all, in live mode last]
    #[arg(long, value_enum, env = "AIEFFECT_RESULTS")]
    pub(crate) results: Option<Results>,
    /// Write the results to this file too
    #[arg(long, value_name = "FILE", env = "AIEFFECT_OUTPUT")]
    pub(crate) output: Option<PathBuf>,
    /// Write the report to this file [default: report.html beside the stored run]
    #[arg(long, value_name = "FILE.html", env = "AIEFFECT_REPORT")]
    pub(crate) report: Option<PathBuf>,
    /// Treat warnings as errors
    #[arg(long, env = "AIEFFECT_STRICT")]
    pub(crate) strict: bool,
    /// How long to wait for each service to answer at the start
    #[arg(long, value_name = "DURATION", default_value = "60s", value_parser = duration, env = "AIEFFECT_READY_TIMEOUT")]
    pub(crate) ready_timeout: Duration,
    /// What to log: this level and those above it
    #[arg(long, value_enum, default_value_t = LogLevel::Info, ignore_case = true, env = "AIEFFECT_LOG_LEVEL")]
    pub(crate) log_level: LogLevel,
    /// How to log
    #[arg(long, value_enum, default_value_t = LogFormat::Text, env = "AIEFFECT_LOG_FORMAT")]
    pub(crate) log_format: LogFormat,
    #[command(flatten)]
    pub(crate) watch: WatchFlags,
    #[command(flatten)]
    pub(crate) keep: KeepFlags,
}

impl RunFlags {
    /// What is asked of the plan.
    pub(crate) fn plan_options(&self) -> PlanOptions {
        PlanOptions {
            mode: self.mode.map(RunMode::mode),
            queue_size: self.queue_size,
            iterations: self.iterations,
        }
    }

    /// A failure when something is given that a run of this plan has no use for.
    pub(crate) fn check(&self, plan: &Plan) -> Result<(), Failure> {
        for (option, path) in [("--output", &self.output), ("--report", &self.report)] {
            if path.as_ref().is_some_and(|path| path.as_os_str() == "-") {
                let text = format!("`{option} -`: stdout has the results in any case");
                return Err(Failure::text(Exit::WrongUsage, text).help("name a file"));
            }
        }
        if let (Some(output), Some(report)) = (&self.output, &self.report)
            && paths::are_same(output, report)
        {
            let text = format!("`{}` cannot take both the results and the report", report.display());
            return Err(Failure::text(Exit::WrongUsage, text).help("give --report a file of its own"));
        }
        let live_only = [
            ("--iterations", "AIEFFECT_ITERATIONS", self.iterations.is_some()),
            ("--for", "AIEFFECT_FOR", self.lasting.is_some()),
            ("--quiet", "AIEFFECT_QUIET", self.quiet.is_some()),
        ];
        match (plan.mode, live_only.into_iter().find(|(_, _, is_given)| *is_given)) {
            (Mode::Live, _) | (Mode::Batch, None) => Ok(()),
            (Mode::Batch, Some((option, variable, _))) => {
                let text = format!(
                    "`{option}` ends live runs, and `{}` runs in batch mode, which ends by itself",
                    plan.name
                );
                let help = format!("leave out `{option}` and the variable {variable}, or add `--mode live`");
                Err(Failure::text(Exit::WrongUsage, text).help(help))
            }
        }
    }

    /// Which results are printed of a run of this plan.
    pub(crate) fn results(&self, plan: &Plan) -> Results {
        self.results.unwrap_or(match plan.mode {
            Mode::Batch => Results::All,
            Mode::Live => Results::Last,
        })
    }
}

/// How a pipeline runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum RunMode {
    /// Every step once its inputs are there; the run ends by itself
    Batch,
    /// Sources go on giving, and every message is an input
    Live,
}

impl RunMode {
    /// The same for the plan.
    pub(crate) fn mode(self) -> Mode {
        match self {
            Self::Batch => Mode::Batch,
            Self::Live => Mode::Live,
        }
    }
}

/// Which results are printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Results {
    /// Every response of every step
    All,
    /// The last response of every step
    Last,
    /// None
    None,
}

/// How much is logged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, ValueEnum)]
#[value(rename_all = "UPPER")]
pub(crate) enum LogLevel {
    /// Every call
    Debug,
    /// Every step, and what services print
    Info,
    /// What went wrong and was mended, and worse
    Warning,
    /// What went wrong
    Error,
}

/// How log lines look.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum LogFormat {
    /// For a person
    Text,
    /// One JSON object a line
    Json,
}

fn image_name(text: &str) -> Result<ImageName, String> {
    ImageName::new(text).map_err(|error| error.to_string())
}

/// `30s`, say.
pub(crate) fn duration(text: &str) -> Result<Duration, String> {
    let help = "write a number and a unit, such as 500ms, 30s or 5m";
    aieffect_blueprint::parse_duration(text).ok_or_else(|| help.to_owned())
}
