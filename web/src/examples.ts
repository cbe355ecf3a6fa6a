export interface Example {
  /** The class it plainly belongs to; absent where it could be either. */
  readonly name?: string;
  readonly text: string;
}

/** Texts to try, by the name of the data set they go with; in the language of the data. */
export const EXAMPLES: Readonly<Record<string, readonly Example[]>> = {
  spam: [
    {
      name: "spam",
      text: "Congratulations! You have been selected to receive a free prize. Click here now to claim your money, no obligation, 100% guaranteed. To be removed from our mailing list reply with remove in the subject.",
    },
    {
      name: "ham",
      text: "Hi Tom, I looked at the patch you sent to the list on Friday. The build fails for me with gcc 3.2 because the header is missing. Could you check whether the makefile installs it? Thanks, Anna",
    },
    {
      text: "Reminder: your order has shipped. Thank you for buying from our store, you can reply to this mail with any question.",
    },
  ],
  imdb: [
    {
      name: "positive",
      text: "What a wonderful film. The acting is superb, the story moved me to tears, and I would watch it again tomorrow.",
    },
    {
      name: "negative",
      text: "A complete waste of time. The plot makes no sense, the dialogue is awful and I nearly fell asleep before the end.",
    },
    { text: "I expected to hate this, but it was not bad at all, even if the ending is weak." },
  ],
};
