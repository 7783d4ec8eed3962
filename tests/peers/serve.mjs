// Starts the peers on free loopback ports, prints their addresses as one line of JSON, and stops when its standard
// input closes: however the tests end, nothing stays behind.
//
//   node serve.mjs                                      the chart
//   node serve.mjs '{"clientId": "...", "jwks": {}}'    the chart behind SMART Backend Services
import { startChart } from './chart.mjs';

const client = process.argv[2] && JSON.parse(process.argv[2]);
const chart = await startChart();
const smart = client && (await (await import('./smart.mjs')).startSmart({ chart: chart.base, ...client }));
console.log(JSON.stringify({ chart: chart.base, smart: smart?.base, issuer: smart?.issuer }));
process.stdin.resume().on('end', () => process.exit(0));
