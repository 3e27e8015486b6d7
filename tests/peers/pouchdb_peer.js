// The peer of row P5: PouchDB 9 in front of LevelDB, replicating to express-pouchdb over HTTP on this machine.
//
//     node pouchdb_peer.js serve FOLDER              serves databases; prints its port, and ends when its standard input does
//     node pouchdb_peer.js fill FOLDER EVENTS        makes the client's database of lines [envelope,payload,seal], once
//     node pouchdb_peer.js push FOLDER URL BATCH     replicates to a new database; then all of it again as duplicates, without a
//                                                    checkpoint; then again with nothing to do; prints one line of JSON
"use strict";
const fs = require("fs");
const path = require("path");
const readline = require("readline");
const PouchDB = require("pouchdb");

const FILL_BATCH = 1000;

async function serve(folder) {
  const express = require("express");
  const Served = PouchDB.defaults({ prefix: folder + path.sep });
  const app = express();
  const options = { configPath: path.join(folder, "config.json"), logPath: path.join(folder, "log.txt"), inMemoryConfig: true };
  app.use("/", require("express-pouchdb")(Served, options));
  const server = app.listen(0, "127.0.0.1", () => process.stdout.write(server.address().port + "\n"));
  process.stdin.on("end", () => process.exit(0)).resume();
}

async function fill(folder, events) {
  const client = new PouchDB(path.join(folder, "client"));
  let batch = [];
  let number = 0;
  for await (const line of readline.createInterface({ input: fs.createReadStream(events) })) {
    const [envelope, payload] = JSON.parse(line);
    number += 1;
    batch.push({ _id: String(number).padStart(12, "0"), envelope, payload });
    if (batch.length === FILL_BATCH) {
      await client.bulkDocs(batch);
      batch = [];
    }
  }
  await client.bulkDocs(batch);
  await client.close();
}

async function timed(act) {
  const began = process.hrtime.bigint();
  const result = await act();
  return { seconds: Number(process.hrtime.bigint() - began) / 1e9, result };
}

async function push(folder, url, size) {
  const client = new PouchDB(path.join(folder, "client"));
  const { doc_count: documents } = await client.info();
  const options = { batch_size: size, batches_limit: 10 };
  const replicate = (more) => client.replicate.to(url, { ...options, ...more });
  const fresh = await timed(() => replicate({}));
  const again = await timed(() => replicate({ checkpoint: false, since: 0 }));
  const nothing = await timed(() => replicate({}));
  const there = (await new PouchDB(url).info()).doc_count;
  process.stdout.write(
    JSON.stringify({
      documents,
      written: fresh.result.docs_written,
      there,
      fresh_seconds: fresh.seconds,
      duplicates_seconds: again.seconds,
      duplicates_written: again.result.docs_written,
      nothing_seconds: nothing.seconds,
    }) + "\n",
  );
  await client.close();
  process.exit(0);
}

const [, , role, ...rest] = process.argv;
const roles = { serve, fill, push: (folder, url, size) => push(folder, url, Number(size)) };
roles[role](...rest).catch((error) => {
  process.stderr.write(String(error && error.stack) + "\n");
  process.exit(1);
});
