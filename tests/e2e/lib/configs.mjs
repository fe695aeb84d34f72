// Configurations that several tests use.
import { bin } from './host.mjs';

export function telegramConfig(server, { agents, wirings, ...more } = {}) {
  return {
    instances: {
      telegram: { channel: 'telegram',
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
