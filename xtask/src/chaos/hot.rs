//! The hot store of a run: one server, or a primary and a replica that Sentinels watch. Each node is reached through a
//! link that can be cut, by bridges, replicas and Sentinels alike. Not what is done to it.

use std::time::Duration;

use test_servers::{Proxy, Redis, Sentinel, Server, Watched, poll, redis, sentinel};

use crate::Outcome;

/// Until the replica has what the primary has.
const COPIED: Duration = Duration::from_secs(30);

/// The nodes with their links.
pub(crate) struct Hot {
    nodes: Nodes,
    links: Vec<Proxy>,
}

enum Nodes {
    One(Box<Redis>),
    Watched(Watched),
}

impl Hot {
    /// One server.
    pub(crate) fn one(options: &redis::Options) -> Outcome<Hot> {
        let server = Redis::start(options)?;
        let links = vec![Proxy::start(server.port())?];
        Ok(Hot { nodes: Nodes::One(Box::new(server)), links })
    }

    /// A primary and a replica under Sentinels, known to each other by the ports of their links.
    pub(crate) fn watched(options: &redis::Options) -> Outcome<Hot> {
        let nodes = vec![Redis::start(options)?, Redis::start(options)?];
        let links = nodes.iter().map(|node| Ok(Proxy::start(node.port())?)).collect::<Outcome<Vec<_>>>()?;
        for (node, link) in nodes.iter().zip(&links) {
            let port = link.port().to_string();
            command(
                node,
                &["CONFIG", "SET", "replica-announce-ip", "127.0.0.1", "replica-announce-port", &port],
            )?;
            command(node, &["CONFIG", "REWRITE"])?;
        }
        if let ([_, copy], [first, _]) = (&nodes[..], &links[..]) {
            command(copy, &["REPLICAOF", "127.0.0.1", &first.port().to_string()])?;
            command(copy, &["CONFIG", "REWRITE"])?;
            let is_there =
                || said(copy, &["INFO", "replication"]).contains("master_link_status:up").then_some(());
            poll::until(COPIED, is_there).ok_or("the replica does not copy its primary")?;
        }
        let ports = links.iter().map(Proxy::port).collect();
        Ok(Hot { nodes: Nodes::Watched(Watched::over(nodes, ports, options)?), links })
    }

    /// What a bridge connects with.
    pub(crate) fn url(&self) -> String {
        match (&self.nodes, self.links.first()) {
            (Nodes::One(server), Some(link)) => link.url(&server.url()),
            (Nodes::One(server), None) => server.url(),
            (Nodes::Watched(group), _) => group.url(),
        }
    }

    pub(crate) fn nodes(&self) -> &[Redis] {
        match &self.nodes {
            Nodes::One(server) => std::slice::from_ref(&**server),
            Nodes::Watched(group) => &group.nodes,
        }
    }

    pub(crate) fn sentinels(&self) -> &[Sentinel] {
        match &self.nodes {
            Nodes::One(_) => &[],
            Nodes::Watched(group) => &group.sentinels,
        }
    }

    /// Which node is the primary; the first where nobody knows.
    fn place(&self) -> usize {
        match &self.nodes {
            Nodes::One(_) => 0,
            Nodes::Watched(group) => group.primary().unwrap_or_default(),
        }
    }

    /// The primary now, reached past its link.
    pub(crate) fn primary(&self) -> &Redis {
        let nodes = self.nodes();
        nodes.get(self.place()).unwrap_or(&nodes[0])
    }

    /// The way to the primary now.
    pub(crate) fn link(&self) -> Option<&Proxy> {
        self.links.get(self.place())
    }

    /// Cuts the primary off from Sentinels and replicas, while the bridges' connections to it live on: nobody can connect
    /// to it any more, and theirs are cut at the node itself.
    pub(crate) fn split(&self) -> Outcome<Option<&Proxy>> {
        let (primary, Some(link)) = (self.primary(), self.link()) else { return Ok(None) };
        link.set(test_servers::proxy::Mode::Refuse)?;
        command(primary, &["CLIENT", "KILL", "TYPE", "replica"])?;
        for client in
            said(primary, &["CLIENT", "LIST"]).lines().filter(|line| line.contains("name=sentinel-"))
        {
            if let Some(id) = client.split_whitespace().find_map(|field| field.strip_prefix("id=")) {
                command(primary, &["CLIENT", "KILL", "ID", id])?;
            }
        }
        Ok(Some(link))
    }

    /// Has the Sentinels promote the replica although nothing is wrong. Where none can be, nothing happens.
    pub(crate) fn promote(&self) {
        for sentinel in self.sentinels() {
            let url = format!("redis://127.0.0.1:{}", sentinel.port());
            if ask::<String>(&url, &["SENTINEL", "FAILOVER", sentinel::NAME]).is_ok() {
                return;
            }
        }
    }
}

fn command(node: &Redis, words: &[&str]) -> Outcome {
    ask::<::redis::Value>(&node.url(), words).map(drop)
}

/// Empty from a node that does not answer.
fn said(node: &Redis, words: &[&str]) -> String {
    ask(&node.url(), words).unwrap_or_default()
}

fn ask<T: ::redis::FromRedisValue>(url: &str, words: &[&str]) -> Outcome<T> {
    let (name, rest) = words.split_first().ok_or("no command")?;
    let mut connection = ::redis::Client::open(url)?.get_connection_with_timeout(Duration::from_secs(2))?;
    let mut command = ::redis::cmd(name);
    rest.iter().for_each(|word| {
        command.arg(*word);
    });
    Ok(command.query(&mut connection)?)
}
