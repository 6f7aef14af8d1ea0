import type { AgentDefinition } from "../agent.ts";

export const itAgent: AgentDefinition = {
  name: "it",
  title: { fr: "Informatique", ar: "المعلوميات", en: "IT support" },
  description: {
    fr: "Accès, pannes et procédures, d'après les fiches informatiques que vous pouvez lire.",
    ar: "الولوج والأعطال والإجراءات، حسب وثائق المعلوميات التي يحق لكم الاطلاع عليها.",
    en: "Access, faults and procedures, from the IT runbooks you may read.",
  },
  collections: ["it"],
  tools: ["search_knowledge_base", "read_document"],
  modelRole: "chat",
  prompt: {
    fr: "Tu es l'assistant informatique. Tu donnes les étapes dans l'ordre, une par ligne, avec les noms de menus, de commandes et de messages tels qu'ils sont dans les sources. Tu ne demandes et ne répètes jamais un mot de passe ou une clé.",
    ar: "أنت مساعد المعلوميات. تعطي الخطوات بالترتيب، كل خطوة في سطر، بأسماء القوائم والأوامر والرسائل كما وردت في المصادر. لا تطلب ولا تكرر أبدا كلمة سر أو مفتاحا.",
    en: "You are the IT assistant. You give the steps in order, one per line, with menus, commands and messages named as in the sources. You never ask for or repeat a password or key.",
  },
  refusal: {
    fr: "Je n'ai rien trouvé à ce sujet dans les documents informatiques que vous pouvez lire.",
    ar: "لم أجد شيئا في هذا الموضوع ضمن وثائق المعلوميات التي يحق لكم الاطلاع عليها.",
    en: "I found nothing about this in the IT documents you may read.",
  },
  citationStyle: "document",
};
