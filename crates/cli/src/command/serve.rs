//! `aieffect serve`: many runs in one long-lived process.

use std::convert::Infallible;
use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use aieffect_orchestrator::store::{Durability, SqliteStore};
use aieffect_orchestrator::success::DataFolder;
use aieffect_orchestrator::transport::grpc::{Access, FixedEndpoints, Token};
use aieffect_orchestrator::transport::{Breakers, ServiceTransport};
use aieffect_server::listen::{self, Listener, Protocols, Tls};
use aieffect_server::notices::telling;
use aieffect_server::runs::{Means, MeansFor, Parts, Retention, Runs, Settings};
use aieffect_server::{Allowed, Keys, Packages, earlier, grpc, rest};
use tokio::net::TcpListener;
use tokio::runtime::Builder;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

use crate::access::AccessFlags;
use crate::arguments::{LogFormat, LogLevel, duration};
use crate::drive::Interrupts;
use crate::exit::{Exit, Failure};
use crate::listen::ListenFlags;
use crate::log::{Log, serving};
use crate::manager::{Manager, State};

/// How long open requests may take to end once no run is under way any more.
const LAST_REQUESTS: Duration = Duration::from_secs(2);
/// How often the store's journal is folded in.
const FOLDING: Duration = Duration::from_secs(1);
/// How long a node whose health is asked for may take to answer.
const HEALTH: Duration = Duration::from_secs(2);

/// Take pipelines over gRPC and HTTP and run many at once, through restarts
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  aieffect serve --store /var/lib/aieffect --keys /etc/aieffect/keys")]
pub(crate) struct Serve {
    /// A file with any of these options [default: aieffect.toml, if it lies here]
    #[arg(long, value_name = "FILE", env = "AIEFFECT_CONFIG")]
    config: Option<PathBuf>,
    /// Where to answer HTTP
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:50101", env = "AIEFFECT_HTTP_ADDR")]
    http_addr: SocketAddr,
    /// Where to answer gRPC
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:50100", env = "AIEFFECT_GRPC_ADDR")]
    grpc_addr: SocketAddr,
    /// The folder of runs and packages
    #[arg(long, value_name = "DIR", default_value = ".aieffect/server", env = "AIEFFECT_STORE")]
    store: PathBuf,
    /// The folder that services exchange files in, for conditions that look at files
    #[arg(long, value_name = "DIR", env = "AIEFFECT_DATA")]
    data: Option<PathBuf>,
    /// Who may ask for what: a file with lines `<name> <scope>[,<scope>…] <key>`, the scopes being read, run and admin
    #[arg(long, value_name = "FILE", env = "AIEFFECT_KEYS")]
    keys: Option<PathBuf>,
    /// Answer others than this machine without keys
    #[arg(long, env = "AIEFFECT_INSECURE")]
    insecure: bool,
    /// Call only these: host names, `*.` and the end of them, addresses, networks such as 10.1.0.0/16
    #[arg(long, value_name = "HOST,…", value_delimiter = ',', env = "AIEFFECT_ALLOW_ENDPOINTS")]
    allow_endpoints: Vec<Allowed>,
    /// Runs at once; others wait for their turn
    #[arg(long, value_name = "N", default_value_t = 64, value_parser = clap::value_parser!(u16).range(1..), env = "AIEFFECT_MAX_RUNS")]
    max_runs: u16,
    /// Runs that may wait; further ones are refused with 429
    #[arg(long, value_name = "N", default_value_t = 10_000, value_parser = clap::value_parser!(u32).range(1..), env = "AIEFFECT_MAX_WAITING")]
    max_waiting: u32,
    /// Keep so many runs that have ended, the latest; older ones are forgotten [default: all]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..), env = "AIEFFECT_KEEP_RUNS")]
    keep_runs: Option<u32>,
    /// Keep runs for so long after their end, such as 30d [default: for ever]
    #[arg(long, value_name = "TIME", value_parser = age, env = "AIEFFECT_KEEP_FOR")]
    keep_for: Option<Duration>,
    /// Let what is under way end for so long when the server is stopped; the rest goes on when it is back
    #[arg(long, value_name = "TIME", default_value = "10s", value_parser = duration, env = "AIEFFECT_GRACE")]
    grace: Duration,
    /// Wait so long for a service to answer at the beginning of a run
    #[arg(long, value_name = "TIME", default_value = "60s", value_parser = duration, env = "AIEFFECT_READY_TIMEOUT")]
    ready_timeout: Duration,
    /// Wait for the disk with every event, so that a loss of power takes none
    #[arg(long, env = "AIEFFECT_DURABLE")]
    durable: bool,
    #[command(flatten)]
    listen: ListenFlags,
    #[command(flatten)]
    access: AccessFlags,
    /// What to say on stderr
    #[arg(long, value_enum, default_value_t = LogLevel::Info, ignore_case = true, env = "AIEFFECT_LOG_LEVEL")]
    log_level: LogLevel,
    /// How to say it
    #[arg(long, value_enum, default_value_t = LogFormat::Text, env = "AIEFFECT_LOG_FORMAT")]
    pub(crate) log_format: LogFormat,
}

impl Serve {
    /// Whether whoever reaches it may do everything, and nobody has said that this is meant.
    fn is_open(&self, keys: &Keys) -> bool {
        keys.is_open() && !self.insecure && !self.listen.knows_clients()
    }
}

pub(crate) fn run(options: &Serve) -> Result<Exit, Failure> {
    let log = Log::new(options.log_level, options.log_format);
    if let Some(file) = &options.config {
        log.info(&format!("configured by {}", file.display()));
    }
    let keys = Arc::new(keys(options.keys.as_deref(), &log)?);
    let tls = options.listen.tls(&log)?;
    let addresses = [options.http_addr, options.grpc_addr];
    let for_others = addresses.iter().find(|address| !address.ip().is_loopback());
    if let Some(address) = for_others.filter(|_| options.is_open(&keys)) {
        let text = format!("whoever reaches {address} could run anything: it has no keys");
        let help = "give it keys with `--keys FILE`, let in only clients with a certificate with `--listen-client-ca FILE`, \
                    or say `--insecure`";
        return Err(Failure::text(Exit::WrongUsage, text).help(help));
    }
    if let Some(address) = for_others.filter(|_| !keys.is_open() && tls.is_none() && !options.insecure) {
        log.warning(&format!(
            "keys come to {address} in plain text, and whoever is on the way can read them: speak TLS with `--listen-cert`"
        ));
    }
    let access = options.access.read()?;
    let durability = if options.durable { Durability::Power } else { Durability::Process };
    let internal = |error: &dyn std::error::Error| Failure::text(Exit::Internal, error.to_string());
    let store = SqliteStore::open(&options.store, durability).map_err(crate::keep::refused)?;
    // Until the process ends.
    let _occupied = store.occupy().map_err(crate::keep::refused)?;
    store.folded_apart().map_err(crate::keep::refused)?;
    let store = Arc::new(store);
    let packages = Packages::open(&store.folder().join("packages")).map_err(|error| internal(&error))?;
    let breakers = Arc::<Breakers>::default();
    let parts = Parts {
        store: Arc::clone(&store) as _,
        packages: Arc::new(packages),
        means: means(access.with_breakers(Arc::clone(&breakers)), options.ready_timeout),
        breakers,
        observers: serving::observers(&log),
        notices: serving::notices(&log),
    };
    let settings = Settings {
        most_running: options.max_runs.into(),
        most_waiting: options.max_waiting as usize,
        grace: options.grace,
        quiet: Duration::from_secs(2),
        retention: Retention { count: options.keep_runs.map(|count| count as usize), age: options.keep_for },
        allowed: options.allow_endpoints.clone(),
        data: options.data.as_ref().map_or_else(DataFolder::default, |root| DataFolder {
            root: root.clone(),
            mount_targets: vec!["/app/data".to_owned()],
        }),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        callers: keys.callers(),
    };
    let runtime = Builder::new_multi_thread().enable_all().build().map_err(|error| internal(&error))?;
    let done = runtime.block_on(async {
        tokio::select! {
            done = serve(options, parts, settings, keys, tls, &log) => done,
            never = folding(&store, &log) => match never {},
        }
    });
    runtime.shutdown_background();
    done
}

async fn serve(
    options: &Serve,
    parts: Parts,
    settings: Settings,
    keys: Arc<Keys>,
    tls: Option<Tls>,
    log: &Log,
) -> Result<Exit, Failure> {
    let mut interrupts = Interrupts::listen()?;
    let (http, http_bound) = listener(options.http_addr, "--http-addr").await?;
    let (grpc, grpc_bound) = listener(options.grpc_addr, "--grpc-addr").await?;
    let (runs, work) = Runs::open(parts, settings).map_err(crate::keep::refused)?;
    let stop = CancellationToken::new();
    let earlier = earlier::router(runs.clone(), Arc::clone(&keys));
    let router = earlier.merge(rest::router(runs.clone(), Arc::clone(&keys)));
    let router = if options.is_open(&keys) { rest::only_here(router) } else { router };
    let door = |tcp, protocols| {
        let plain = Listener::plain(tcp, options.listen.limits());
        match &tls {
            Some(tls) => plain.over(tls.clone(), protocols),
            None => plain,
        }
    };
    let notices = serving::notices(log);
    let router = telling(router, Arc::clone(&notices));
    let http = listen::serve(door(http, Protocols::Http), router, stop.clone());
    let grpc = grpc::serve(door(grpc, Protocols::Grpc), runs.clone(), keys, notices, stop.clone());
    let failed = |address: SocketAddr, error: &dyn std::error::Error| {
        let text = format!("{address} is not listened at any more: {error}");
        Failure::text(Exit::Internal, text)
    };
    let http = async {
        http.await;
        Ok(())
    };
    let grpc = async { grpc.await.map_err(|error| failed(grpc_bound, &error)) };
    // Whichever fails first ends both.
    let mut serving = std::pin::pin!(async { tokio::try_join!(http, grpc).map(drop) });
    let mut work = std::pin::pin!(work);
    let again = options.listen.reading_again(tls.as_ref(), log)?;
    let secured = if tls.is_some() { "s" } else { "" };
    log.info(&format!("listening at grpc{secured}://{grpc_bound}"));
    log.info(&format!("listening at http{secured}://{http_bound}"));
    let manager = Manager::from_environment(log);
    manager.tell(State::Ready);
    // That the store answers at all: whether it does so well is for `/readyz` to say.
    let mut watched = std::pin::pin!(manager.watched(|| runs.check()));
    tokio::select! {
        ended = &mut serving => return ended.map(|()| Exit::Done),
        () = &mut work => return Err(Failure::text(Exit::Internal, "runs are not worked on any more")),
        never = again => match never {},
        never = &mut watched => match never {},
        _ = interrupts.next() => {}
    }
    manager.tell(State::Stopping);
    stop.cancel();
    let ended = CancellationToken::new();
    let working = async {
        let holding = async {
            runs.stop().await;
            log.info("stopping: calls that are under way may end; a second signal does not wait for them");
        };
        tokio::join!(holding, &mut work);
        ended.cancel();
    };
    // Requests that were begun are answered meanwhile, and nobody is kept waiting at a door that stays shut.
    let answering = async {
        tokio::select! {
            _ = &mut serving => {}
            // Whoever reads events slowly comes again when the server is back.
            () = async { ended.cancelled().await; sleep(LAST_REQUESTS).await } => {}
        }
    };
    let stopping = async { tokio::join!(working, answering) };
    tokio::select! {
        _ = stopping => {}
        never = &mut watched => match never {},
        _ = interrupts.next() => {}
    }
    Ok(Exit::Done)
}

/// Folds the store's journal in, so that no run waits for that.
async fn folding(store: &Arc<SqliteStore>, log: &Log) -> Infallible {
    let mut has_failed = false;
    loop {
        sleep(FOLDING).await;
        let store = Arc::clone(store);
        let folded = tokio::task::spawn_blocking(move || store.fold()).await;
        let Ok(folded) = folded else { continue };
        // It is tried again, and said once.
        if let Err(error) = &folded
            && !has_failed
        {
            log.warning(&error.to_string());
        }
        has_failed = folded.is_err();
    }
}

/// Listens, and says where.
async fn listener(address: SocketAddr, option: &str) -> Result<(TcpListener, SocketAddr), Failure> {
    let not_bound = |error| {
        let text = format!("{address} cannot be listened at: {error}");
        Failure::text(Exit::WrongUsage, text).help(format!("choose another address with `{option}`"))
    };
    let listener = TcpListener::bind(address).await.map_err(not_bound)?;
    let bound = listener.local_addr().map_err(not_bound)?;
    Ok((listener, bound))
}

/// Runs without a key for their services share connections; each other has its own. What is known of services that cannot be
/// connected to, all share.
fn means(access: Access, ready_timeout: Duration) -> MeansFor {
    let with = move |access: Access| Means {
        transport: Arc::new(ServiceTransport::new(access.clone())),
        endpoints: Arc::new(FixedEndpoints::new(ready_timeout).with_access(access.clone())),
        health: Arc::new(FixedEndpoints::new(HEALTH).with_access(access)),
    };
    let shared = with(access.clone());
    Arc::new(move |key| match key {
        None => Ok(shared.clone()),
        Some(key) => {
            let token = Token::new(key.reveal()).map_err(|error| error.to_string())?;
            Ok(with(access.clone().with_token(token)))
        }
    })
}

/// A duration, also in days.
fn age(text: &str) -> Result<Duration, String> {
    let days = text.trim().strip_suffix('d').and_then(|days| days.trim_end().parse::<u32>().ok());
    match days {
        Some(days) => Ok(Duration::from_secs(u64::from(days) * 24 * 60 * 60)),
        None => duration(text).map_err(|_| "write a number and a unit, such as 12h or 30d".to_owned()),
    }
}

fn keys(file: Option<&Path>, log: &Log) -> Result<Keys, Failure> {
    let Some(file) = file else { return Ok(Keys::default()) };
    let wrong = |error: String| Failure::text(Exit::WrongUsage, format!("`{}`: {error}", file.display()));
    let text = fs::read_to_string(file).map_err(|error| wrong(error.to_string()))?;
    let keys = Keys::parse(&text).map_err(|error| wrong(error.to_string()))?;
    if is_for_others(file) {
        let shown = file.display();
        log.warning(&format!(
            "other users of this machine can read the keys in `{shown}`: chmod 600 {shown}"
        ));
    }
    Ok(keys)
}

fn is_for_others(file: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    fs::metadata(file).is_ok_and(|metadata| metadata.permissions().mode() & 0o077 != 0)
}
