// One conversation with the sandbox through the official JavaScript client; prints what it saw as JSON.
import graph from "@microsoft/microsoft-graph-client";

const { BatchRequestContent, BatchResponseContent, Client, PageIterator } = graph;
const baseUrl = process.env.SANDBOX_URL + "/";
const client = Client.init({
  baseUrl,
  customHosts: new Set([new URL(baseUrl).hostname]),
  authProvider: (done) => done(null, process.env.SANDBOX_TOKEN),
});
const seen = {};

// Pages.
const ids = [];
const first = await client.api("/users").select("id,userPrincipalName").top(25).get();
await new PageIterator(client, first, (user) => ids.push(user.id) > 0).iterate();
seen.users = ids.length;
seen.distinct = new Set(ids).size;

// A count with the consistency header.
seen.guests = (
  await client.api("/users").header("ConsistencyLevel", "eventual").count(true).filter("userType eq 'Guest'").get()
)["@odata.count"];

// The per-user state, in beta.
const user = "/users/alma.berg@contoso.example/authentication/requirements";
seen.before = (await client.api(user).version("beta").get()).perUserMfaState;
await client.api(user).version("beta").patch({ perUserMfaState: "disabled" });
seen.after = (await client.api(user).version("beta").get()).perUserMfaState;

// A batch whose second item depends on its first. The client takes the host off and keeps what follows, so no version here.
const steps = [
  { id: "1", request: new Request(baseUrl + "me", { method: "GET" }) },
  { id: "2", request: new Request(baseUrl + "users/nobody@contoso.example", { method: "GET" }), dependsOn: ["1"] },
];
const content = await new BatchRequestContent(steps).getContent();
const answers = new BatchResponseContent(await client.api("/$batch").post(content));
seen.batch = [answers.getResponseById("1").status, answers.getResponseById("2").status];

// A policy's life.
const policies = "/identity/conditionalAccess/policies";
const made = await client.api(policies).post({
  displayName: "From JavaScript",
  state: "enabledForReportingButNotEnforced",
  conditions: {
    users: { includeUsers: ["All"] },
    applications: { includeApplications: ["All"] },
    clientAppTypes: ["all"],
  },
  grantControls: { operator: "OR", builtInControls: ["mfa"] },
});
await client.api(`${policies}/${made.id}`).patch({ state: "disabled" });
seen.state = (await client.api(`${policies}/${made.id}`).get()).state;
await client.api(`${policies}/${made.id}`).delete();
try {
  await client.api(`${policies}/${made.id}`).get();
} catch (error) {
  seen.gone = [error.statusCode, error.code, Boolean(error.requestId)];
}

// The client's own retry after a 429 that the test has prepared.
const begun = Date.now();
seen.retried = (await client.api("/organization").get()).value[0].id;
seen.waited = Date.now() - begun;

console.log(JSON.stringify(seen));
