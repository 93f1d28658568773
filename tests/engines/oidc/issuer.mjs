// A real issuer of identity tokens, with two doors beside its own: `node issuer.mjs SETTINGS.json`.
//
// Client credentials get a signed JWT; `resource` is `urn:audience:ALGORITHM:AUDIENCE`, and `claims`, a JSON object,
// is what a CI system would say of a job. GET /job?audience=… with the bearer token of a job is the door that
// GitHub's runner gives to its steps.
import { readFileSync } from 'node:fs';
import { createServer } from 'node:https';
import { Provider } from 'oidc-provider';

const settings = JSON.parse(readFileSync(process.argv[2], 'utf8'));
const RESOURCE = /^urn:audience:([A-Z0-9]+):(.+)$/;

const provider = new Provider(settings.issuer, {
  clients: [
    {
      client_id: 'ci',
      client_secret: settings.secret,
      grant_types: ['client_credentials'],
      redirect_uris: [],
      response_types: [],
    },
  ],
  enabledJWA: { idTokenSigningAlgValues: settings.algorithms },
  jwks: settings.jwks,
  features: {
    clientCredentials: { enabled: true },
    devInteractions: { enabled: false },
    resourceIndicators: {
      enabled: true,
      getResourceServerInfo(_context, resource) {
        const [, alg, audience] = RESOURCE.exec(resource);
        return { scope: '', audience, accessTokenFormat: 'jwt', accessTokenTTL: 300, jwt: { sign: { alg } } };
      },
    },
  },
  formats: {
    customizers: {
      jwt(context, _token, parts) {
        Object.assign(parts.payload, JSON.parse(context.oidc.body.claims ?? '{}'));
      },
    },
  },
});

const answer = provider.callback();
const server = createServer(
  { cert: readFileSync(settings.certificate), key: readFileSync(settings.key) },
  async (request, response) => {
    const url = new URL(request.url, settings.issuer);
    if (url.pathname !== '/job') {
      answer(request, response);
      return;
    }
    if (request.headers.authorization !== `bearer ${settings.secret}`) {
      response.writeHead(401).end();
      return;
    }
    const token = await issue(url.searchParams.get('audience'));
    response.writeHead(200, { 'Content-Type': 'application/json' }).end(JSON.stringify({ count: 1, value: token }));
  },
);

async function issue(audience) {
  const body = new URLSearchParams({
    grant_type: 'client_credentials',
    resource: `urn:audience:${settings.algorithms[0]}:${audience}`,
    claims: JSON.stringify(settings.job),
  });
  const credentials = Buffer.from(`ci:${settings.secret}`).toString('base64');
  const answered = await fetch(`${settings.issuer}/token`, {
    method: 'POST',
    body,
    headers: { Authorization: `Basic ${credentials}` },
  });
  return (await answered.json()).access_token;
}

server.listen(settings.port, '127.0.0.1', () => console.log('ready'));
