// Configurations that several tests use.
import { bin } from './host.mjs';

// Where its adapter runs: PATCHBAY_ISOLATION=process runs the same tests with one in a process of its own.
export function telegramConfig(server, { agents, wirings, isolation = process.env.PATCHBAY_ISOLATION ?? 'daemon', ...more } = {}) {
  return {
    instances: {
      telegram: { channel: 'telegram', isolation,
        settings: { bot_token: server.token, api_base: server.base } },
    },
    agents: agents ?? { main: { command: [bin('patchbay-agent'), '--echo'] } },
    wirings: wirings ?? [
      { chats: 'telegram:dm:*', agent: 'main', engage: 'always' },
      { chats: 'telegram:group:*', agent: 'main', engage: 'mention' },
    ],
    log: { level: 'debug' },
    ...more,
  };
}
