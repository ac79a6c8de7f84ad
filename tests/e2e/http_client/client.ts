/* A client generated from openapi.json (api.d.ts by openapi-typescript) calls the service at SOUK. What
 * the document says wrongly does not compile, or is not what comes. */
import createClient from "openapi-fetch";
import type { components, paths } from "./api.js";

const api = createClient<paths>({ baseUrl: (globalThis as any).process.env.SOUK });

function check(what: string, good: unknown): void {
  if (good) return;
  console.error("FAIL: " + what);
  (globalThis as any).process.exitCode = 1;
}

const wanted: components["schemas"]["RecommendationRequest"] = { user_id: "u1", n_items: 5, filters: { exclude: ["i7"] } };
const list = await api.POST("/recommendations", { body: wanted });
check("a list of five", list.data?.recommendations.length === 5);
check("without what was excluded", list.data?.recommendations.every((r) => r.item_id !== "i7"));

const same = await api.GET("/recommend/{user_id}", { params: { path: { user_id: "u1" }, query: { n: 5 } } });
check("a score", typeof same.data?.recommendations[0].score === "number");

const odd = await api.GET("/recommend/{user_id}", { params: { path: { user_id: "a/b c" } } });
check("an id that must be encoded", odd.data?.user_id === "a/b c" && odd.data?.user_type === "cold");

const similar = await api.GET("/similar/{item_id}", { params: { path: { item_id: "nothing" } } });
check("a problem", similar.response.status === 404 && similar.error?.type === "urn:souk:problem:not-found");

const event = { user_id: "u1", item_id: "i9", event_type: "view", event_id: "client-1" };
const stored = await api.POST("/events", { body: { events: [event, event] } });
check("stored once", stored.data && "results" in stored.data && stored.data.results[0].fate === "stored" && stored.data.results[1].fate === "duplicate");

const health = await api.GET("/health");
check("health", health.data?.status === "ready" && health.data.service === "souk");

/* The compiler must find these. */
// @ts-expect-error user_id is missing
const nobody: components["schemas"]["RecommendationRequest"] = { n_items: 5 };
// @ts-expect-error a fate that there is not
const fate: components["schemas"]["EventResult"]["fate"] = "lost";
void nobody, fate;
